/** A bound on the bytes that are in memory at once. First come, first served; nobody asks twice before giving back. */
export type ByteBudget = {
  /** Waits for room. More than the whole budget is taken alone. Rejects with the signal's reason. */
  take(bytes: number, signal: AbortSignal): Promise<{ giveBack(): void }>;
};

export function createByteBudget(limit: number): ByteBudget {
  let used = 0;
  const waiting: { bytes: number; admit: () => void }[] = [];

  const admitNext = (): void => {
    for (let next = waiting[0]; next !== undefined && fits(next.bytes); next = waiting[0]) {
      waiting.shift();
      used += next.bytes;
      next.admit();
    }
  };
  const fits = (bytes: number): boolean => used === 0 || used + bytes <= limit;

  return {
    async take(asked, signal) {
      const bytes = Math.min(asked, limit);
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const entry = {
          bytes,
          admit: () => {
            signal.removeEventListener('abort', leave);
            resolve();
          },
        };
        const leave = (): void => {
          waiting.splice(waiting.indexOf(entry), 1);
          reject(signal.reason);
          admitNext();
        };
        signal.addEventListener('abort', leave, { once: true });
        waiting.push(entry);
        admitNext();
      });
      let isTaken = true;
      return {
        giveBack() {
          if (!isTaken) return;
          isTaken = false;
          used -= bytes;
          admitNext();
        },
      };
    },
  };
}
