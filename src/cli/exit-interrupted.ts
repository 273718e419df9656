/** Ctrl-C while a command waits for the server: the first one ends the waiting, a second one the process. */

/** What a shell sees of a program that was interrupted. */
export const interruptedExitCode = 130;

/** `signal` is aborted at the first Ctrl-C. Close it when nothing waits any more. */
export function listenForInterrupt(): { signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  const stop = () => {
    process.off('SIGINT', stop);
    controller.abort();
  };
  process.on('SIGINT', stop);
  return { signal: controller.signal, close: () => process.off('SIGINT', stop) };
}
