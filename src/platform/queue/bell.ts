/** Wakes one waiting loop. A ring while nobody waits is kept for the next wait. */
export type Bell = {
  ring(): void;
  /** Resolves at the next ring, at the latest after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void>;
};

export function createBell(): Bell {
  let hasRung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      hasRung = true;
      wake?.();
    },
    async wait(timeoutMs) {
      if (!hasRung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      hasRung = false;
    },
  };
}
