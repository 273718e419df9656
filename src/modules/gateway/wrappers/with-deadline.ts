import { AppError } from '#platform/errors.ts';
import type { Wrapper } from '#platform/wrap.ts';
import { abortedError } from '../errors.ts';
import type { ChatModel } from '../ports.ts';

/** Ends every call after `totalTimeoutMs` and at the caller's abort, also when the model behind does not listen. */
export function withDeadline(totalTimeoutMs: number): Wrapper<ChatModel> {
  return (next) => ({
    id: next.id,
    generate(request, signal) {
      const deadline = AbortSignal.timeout(totalTimeoutMs);
      const either = AbortSignal.any([signal, deadline]);
      const stopped = () => (signal.aborted ? abortedError(signal) : deadlineError(totalTimeoutMs));
      return stopAtAbort(next.generate(request, either), either, stopped);
    },
  });
}

async function* stopAtAbort<Part>(
  source: AsyncIterable<Part>,
  signal: AbortSignal,
  stopped: () => AppError,
): AsyncGenerator<Part> {
  const parts = source[Symbol.asyncIterator]();
  const abort = whenAborted(signal);
  try {
    for (;;) {
      const result = await Promise.race([parts.next(), abort.promise]);
      if (result === 'aborted') throw stopped();
      if (result.done) return;
      yield result.value;
    }
  } catch (error) {
    throw signal.aborted ? stopped() : error;
  } finally {
    abort.forget();
    // Not awaited: a model that does not listen would keep the caller here.
    parts.return?.().catch(() => undefined);
  }
}

function deadlineError(totalTimeoutMs: number): AppError {
  const message = `The model had not finished after ${totalTimeoutMs / 1000} s. Ask for less or raise gateway.totalTimeoutMs.`;
  return new AppError('MODEL_TIMEOUT', 'timeout', message, { details: { totalTimeoutMs } });
}

function whenAborted(signal: AbortSignal): { promise: Promise<'aborted'>; forget(): void } {
  let listener = (): void => undefined;
  const promise = new Promise<'aborted'>((resolve) => {
    listener = () => resolve('aborted');
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
  });
  return { promise, forget: () => signal.removeEventListener('abort', listener) };
}
