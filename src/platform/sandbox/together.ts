/** Quick requests that wait at the same time share an exchange: the way to a child and back costs more than reading them. */
import { setImmediate } from 'node:timers/promises';
import { isAppError } from '../errors.ts';
import type { Answer } from './child.ts';
import type { Frame } from './frames.ts';

type Exchange = (requests: readonly Frame[], signal: AbortSignal) => Promise<Answer[]>;

/** Only those of one group go together. */
type Shared = { group: string; signal: AbortSignal };

type Waiter = PromiseWithResolvers<Answer> & Shared & { request: Frame; hasLeft: boolean; onLeave: () => void };

/** Most requests of one exchange, and their bytes: a child that has just started takes a third of a second for so many. */
const mostTogether = 16;
const mostBytes = 65_536;
/** An exchange that takes longer no longer keeps the next one waiting: a full one takes about half of it. */
const slowAfterMs = 20;

/**
 * Sends at once when nothing is under way, else with whatever of its group comes until then; `mostWaiting` wait so, the
 * others go by themselves. When an exchange fails, each of its requests is tried alone, so that none fails for another;
 * where no child can be had, none is tried again.
 */
export function createTogether(
  exchange: Exchange,
  { mostWaiting, mostUnderWay }: { mostWaiting: number; mostUnderWay: number },
): (request: Frame, shared: Shared) => Promise<Answer> {
  const waiting: Waiter[] = [];
  let underWay = 0;
  /** Of those under way, the ones that are not slow. */
  let brisk = 0;

  async function send(waiters: readonly Waiter[]): Promise<void> {
    underWay += 1;
    brisk += 1;
    let isBrisk = true;
    const slowDown = (): void => {
      if (isBrisk) brisk -= 1;
      isBrisk = false;
    };
    const slow = setTimeout(() => {
      slowDown();
      sendWaiting();
    }, slowAfterMs);
    await exchangeAll(exchange, waiters);
    clearTimeout(slow);
    slowDown();
    underWay -= 1;
    sendWaiting();
  }

  function sendWaiting(): void {
    for (let next = takeNext(); next.length > 0; next = takeNext()) void send(next);
  }

  /** The oldest and those of its group; while others are read, the first group that is full. None when it is nobody's turn. */
  function takeNext(): Waiter[] {
    if (underWay >= mostUnderWay) return [];
    for (const members of Map.groupBy(waiting, ({ group }) => group).values()) {
      const together = withinBytes(members.slice(0, mostTogether));
      const isFull = together.length === mostTogether || together.length < members.length;
      if (brisk > 0 && !isFull) continue;
      for (const waiter of together) waiting.splice(waiting.indexOf(waiter), 1);
      return together;
    }
    return [];
  }

  return async (request, { group, signal }) => {
    if (underWay > 0 && waiting.length >= mostWaiting) return answerOf(await exchange([request], signal));
    const waiter: Waiter = {
      ...Promise.withResolvers<Answer>(),
      ...{ request, group, signal, hasLeft: false, onLeave: () => undefined },
    };
    const leave = (): void => {
      const index = waiting.indexOf(waiter);
      if (index >= 0) waiting.splice(index, 1);
      waiter.hasLeft = true;
      waiter.onLeave();
      waiter.reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    waiting.push(waiter);
    sendWaiting();
    return waiter.promise.finally(() => signal.removeEventListener('abort', leave));
  };
}

function withinBytes(waiters: readonly Waiter[]): Waiter[] {
  let bytes = 0;
  return waiters.filter(({ request }, index) => {
    bytes += request.parts.reduce((sum, part) => sum + part.byteLength, 0);
    return index === 0 || bytes <= mostBytes;
  });
}

/** Settles every waiter or is about to; never rejects. */
async function exchangeAll(exchange: Exchange, waiters: readonly Waiter[]): Promise<void> {
  const [only] = waiters;
  if (only !== undefined && waiters.length === 1) return exchangeAlone(exchange, only);
  const deserted = new AbortController();
  for (const waiter of waiters) {
    waiter.onLeave = () => {
      if (waiters.every(({ hasLeft }) => hasLeft)) deserted.abort(waiter.signal.reason);
    };
  }
  try {
    const answers = await exchange(
      waiters.map(({ request }) => request),
      deserted.signal,
    );
    void handOut(waiters, answers);
  } catch (error) {
    const isOutage = isAppError(error) && error.kind === 'unavailable';
    if (isOutage) for (const { reject } of waiters) reject(error);
    else await Promise.all(waiters.map((waiter) => exchangeAlone(exchange, waiter)));
  }
}

/** Whoever waits for an answer goes on with it at once; others get their turn in between. */
async function handOut(waiters: readonly Waiter[], answers: readonly Answer[]): Promise<void> {
  for (const [index, { resolve }] of waiters.entries()) {
    resolve(answers[index] as Answer);
    await setImmediate();
  }
}

async function exchangeAlone(exchange: Exchange, { request, signal, hasLeft, resolve, reject }: Waiter): Promise<void> {
  if (hasLeft) return;
  await exchange([request], signal).then((answers) => resolve(answerOf(answers)), reject);
}

const answerOf = (answers: readonly Answer[]): Answer => answers[0] as Answer;
