import { AppError } from '../errors.ts';
import { withDeadline } from './with-deadline.ts';

/** Something that was opened and must be closed. */
type Closable = { name: string; close: () => Promise<void> | void; timeoutMs: number };

/** Remembers what was opened, so that it is closed in reverse order, each part within its own deadline. */
export type Closables = {
  /** `name` is for the error message; `timeoutMs` defaults to 10 seconds. */
  add(name: string, close: () => Promise<void> | void, options?: { timeoutMs?: number }): void;
  /**
   * Closes everything once, the last opened first; a second call waits for the first. A part that fails or is late does
   * not keep the others open: afterwards all failures come as one AppError `CLOSE_FAILED` naming them.
   */
  close(): Promise<void>;
};

const defaultTimeoutMs = 10_000;

export function createClosables(): Closables {
  const opened: Closable[] = [];
  let closing: Promise<void> | undefined;
  return {
    add(name, close, options = {}) {
      opened.push({ name, close, timeoutMs: options.timeoutMs ?? defaultTimeoutMs });
    },
    close() {
      closing ??= closeAll(opened);
      return closing;
    },
  };
}

async function closeAll(opened: Closable[]): Promise<void> {
  const failures: { name: string; error: unknown }[] = [];
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) {
    const { name, close, timeoutMs } = next;
    try {
      await withDeadline(
        Promise.resolve().then(close),
        timeoutMs,
        () => new Error(`${name} did not close within ${timeoutMs} ms.`),
      );
    } catch (error) {
      failures.push({ name, error });
    }
  }
  if (failures.length === 0) return;
  const names = failures.map((failure) => failure.name);
  throw new AppError('CLOSE_FAILED', 'unavailable', `These parts did not close cleanly: ${names.join(', ')}.`, {
    details: { parts: names },
    cause: new AggregateError(failures.map((failure) => failure.error)),
  });
}
