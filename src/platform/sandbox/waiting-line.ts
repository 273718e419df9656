/** Who waits for a child: quick files go first, and pass nobody more than a few times. */

type Waiter<T> = {
  isQuick: boolean;
  /** How many came later and went first. */
  passedBy: number;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
};

const mostPassedBy = 8;

/** `hasRoom` tells whether one of this kind may be served now. Whoever joins bounds the length. */
export function createWaitingLine<T>(hasRoom: (isQuick: boolean) => boolean) {
  const waiters: Waiter<T>[] = [];
  const remove = (waiter: Waiter<T>): boolean => {
    const index = waiters.indexOf(waiter);
    if (index >= 0) waiters.splice(index, 1);
    return index >= 0;
  };
  return {
    get length() {
      return waiters.length;
    },
    /** Takes out who is next; undefined when nobody waits that there is room for. */
    next(): Waiter<T> | undefined {
      const quick = hasRoom(true) ? waiters.find(({ isQuick }) => isQuick) : undefined;
      const other = hasRoom(false) ? waiters.find(({ isQuick }) => !isQuick) : undefined;
      const isOthersTurn = quick === undefined || (other !== undefined && other.passedBy >= mostPassedBy);
      const waiter = isOthersTurn ? other : quick;
      if (waiter === undefined) return undefined;
      if (waiter === quick && other !== undefined) other.passedBy += 1;
      remove(waiter);
      return waiter;
    },
    /** Settles when its turn comes; rejects with the signal's reason when it leaves before. */
    join(isQuick: boolean, signal: AbortSignal): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const waiter: Waiter<T> = { isQuick, passedBy: 0, resolve, reject };
      const leave = (): void => {
        if (remove(waiter)) reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiters.push(waiter);
      return promise.finally(() => signal.removeEventListener('abort', leave));
    },
    refuse(error: unknown): void {
      for (const waiter of waiters.splice(0)) waiter.reject(error);
    },
  };
}
