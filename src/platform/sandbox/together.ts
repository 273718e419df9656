/** Quick requests that wait at the same time share an exchange: the way to a child and back costs more than reading them. */
import { isAppError } from '../errors.ts';
import type { Answer } from './child.ts';
import { busyError } from './errors.ts';
import type { Frame } from './frames.ts';

type Exchange = (requests: readonly Frame[], signal: AbortSignal) => Promise<Answer[]>;

type Waiter = PromiseWithResolvers<Answer> & { request: Frame; signal: AbortSignal };

/** Most requests of one exchange. */
const mostTogether = 16;
/** An exchange that takes longer no longer keeps the next one waiting. */
const slowAfterMs = 100;
/** Together they may take this long, whoever has left meanwhile; then each is tried alone, with its own deadline. */
const togetherDeadlineMs = 2_000;

/**
 * Sends at once when nothing is under way, else with whatever comes until then. What ends the child ends the exchange:
 * each of its requests is then tried alone, so that one never fails for another.
 */
export function createTogether(
  exchange: Exchange,
  { mostWaiting }: { mostWaiting: number },
): (request: Frame, signal: AbortSignal) => Promise<Answer> {
  const waiting: Waiter[] = [];
  let underWay = 0;
  let unanswered = 0;

  async function send(waiters: readonly Waiter[]): Promise<void> {
    underWay += 1;
    let hasTurn = true;
    const giveTurn = (): void => {
      if (hasTurn) underWay -= 1;
      hasTurn = false;
      sendWaiting();
    };
    const slow = setTimeout(giveTurn, slowAfterMs);
    await exchangeAll(exchange, waiters);
    clearTimeout(slow);
    giveTurn();
  }

  function sendWaiting(): void {
    while (waiting.length > 0 && (underWay === 0 || waiting.length >= mostTogether)) {
      void send(waiting.splice(0, mostTogether));
    }
  }

  return async (request, signal) => {
    if (unanswered >= mostWaiting) throw busyError(unanswered);
    const waiter: Waiter = { ...Promise.withResolvers<Answer>(), request, signal };
    const leave = (): void => {
      const index = waiting.indexOf(waiter);
      if (index >= 0) waiting.splice(index, 1);
      waiter.reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    waiting.push(waiter);
    unanswered += 1;
    sendWaiting();
    try {
      return await waiter.promise;
    } finally {
      unanswered -= 1;
      signal.removeEventListener('abort', leave);
    }
  };
}

/** Settles every waiter; never rejects. */
async function exchangeAll(exchange: Exchange, waiters: readonly Waiter[]): Promise<void> {
  const [only] = waiters;
  if (only !== undefined && waiters.length === 1) return exchangeAlone(exchange, only);
  const end = new AbortController();
  const deadline = setTimeout(() => end.abort(), togetherDeadlineMs);
  const requests = waiters.map(({ request }) => request);
  try {
    const answers = await exchange(requests, end.signal);
    for (const [index, { resolve }] of waiters.entries()) resolve(answers[index] as Answer);
  } catch (error) {
    if (!end.signal.aborted && isAppError(error) && error.kind === 'unavailable') {
      for (const { reject } of waiters) reject(error);
    } else await Promise.all(waiters.map((waiter) => exchangeAlone(exchange, waiter)));
  } finally {
    clearTimeout(deadline);
  }
}

async function exchangeAlone(exchange: Exchange, { request, signal, resolve, reject }: Waiter): Promise<void> {
  if (signal.aborted) return;
  await exchange([request], signal).then(([answer]) => resolve(answer as Answer), reject);
}
