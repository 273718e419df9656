/** Sends server-sent events at the reader's pace, and never lets a broken stream look like a finished one. */
import type { ServerResponse } from 'node:http';
import { AppError } from '#platform/errors.ts';
import type { HttpConfig } from '../config.ts';
import type { ServerSentEvent } from '../route.ts';

type StreamLimits = Pick<HttpConfig, 'heartbeatMs' | 'streamStallTimeoutMs'>;

export type EventStream = {
  events: AsyncIterable<ServerSentEvent>;
  response: ServerResponse;
  /** Called once, right before the first byte. */
  start(): void;
  /** Ends the stream when aborted; its reason is what the reader gets to know. */
  signal: AbortSignal;
  limits: StreamLimits;
  /** What the reader may see of a failure; also the place to log it. */
  presentFailure(error: unknown): unknown;
};

const singleLine = (text: string) => text.replaceAll(/[\r\n\0]/g, ' ');

/** One event as it goes over the wire. */
export function formatEvent({ id, event, data }: ServerSentEvent): string {
  const head = id === undefined ? '' : `id: ${singleLine(id)}\n`;
  return `${head}event: ${singleLine(event)}\ndata: ${JSON.stringify(data) ?? 'null'}\n\n`;
}

/** Lets a wait end early when the signal aborts. One listener serves all waits, so that long streams do not pile them up. */
function createInterruptible(signal: AbortSignal) {
  let interrupt: ((reason: unknown) => void) | undefined;
  const onAbort = () => interrupt?.(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    wait: <Value>(promise: PromiseLike<Value>): Promise<Value> =>
      new Promise((resolve, reject) => {
        interrupt = reject;
        promise.then(resolve, reject);
        if (signal.aborted) reject(signal.reason);
      }),
    release: () => signal.removeEventListener('abort', onAbort),
  };
}

function whenDrained(response: ServerResponse, stallTimeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDrain = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      response.off('drain', onDrain);
      reject(new AppError('CLIENT_GONE', 'timeout', 'The reader of the stream took nothing for too long.'));
    }, stallTimeoutMs);
    response.once('drain', onDrain);
  });
}

/** Sends the head early when the first event is slow, and a comment whenever nothing was sent for a while. */
function keepAlive({ response, start, limits }: Pick<EventStream, 'response' | 'start' | 'limits'>) {
  let started = false;
  let quiet = true;
  const begin = () => {
    if (!started) start();
    started = true;
  };
  const timer = setInterval(() => {
    begin();
    if (quiet && !response.writableNeedDrain && !response.writableEnded) response.write(': heartbeat\n\n');
    quiet = true;
  }, limits.heartbeatMs);
  return {
    begin() {
      begin();
      quiet = false;
    },
    hasStarted: () => started,
    stop: () => clearInterval(timer),
  };
}

/**
 * Sends all events. Rejects only while nothing was sent yet, so that the failure can still become an ordinary error
 * reply; later failures become an `error` event, and a reader that stalls is cut off.
 */
export async function sendEventStream(stream: EventStream): Promise<void> {
  const { events, response, signal, limits, presentFailure } = stream;
  const iterator = events[Symbol.asyncIterator]();
  const interruptible = createInterruptible(signal);
  const head = keepAlive(stream);
  let finished = false;
  try {
    for (;;) {
      const next = await interruptible.wait(iterator.next());
      head.begin();
      if (next.done === true) break;
      if (!response.write(formatEvent(next.value))) {
        await interruptible.wait(whenDrained(response, limits.streamStallTimeoutMs));
      }
    }
    finished = true;
    response.end();
  } catch (error) {
    if (!head.hasStarted()) throw error;
    endBroken(response, presentFailure(error));
  } finally {
    head.stop();
    interruptible.release();
    if (!finished) void stopIterating(iterator, presentFailure);
  }
}

function endBroken(response: ServerResponse, failure: unknown): void {
  if (response.writableNeedDrain) response.destroy();
  else response.end(formatEvent({ event: 'error', data: failure }));
}

/** A generator that waits for something else hears of this only afterwards, so nobody waits for it. */
async function stopIterating(
  iterator: AsyncIterator<ServerSentEvent>,
  presentFailure: EventStream['presentFailure'],
): Promise<void> {
  try {
    await iterator.return?.();
  } catch (error) {
    presentFailure(error);
  }
}
