import { expect, test } from 'vitest';
import { AppError } from '../errors.ts';
import type { Answer } from './child.ts';
import type { Frame } from './frames.ts';
import { createTogether } from './together.ts';

type Exchange = { names: string[]; signal: AbortSignal; end: (error?: Error) => void };

const never = new AbortController().signal;
const crashed = () => new AppError('PARSER_CRASHED', 'invalid', 'The process that read this file ended unexpectedly.');
const turn = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Exchanges in the order in which they were asked for; each ends when the test says so, or at once. */
function open({ atOnce = false, mostWaiting = 100 } = {}) {
  const exchanges: Exchange[] = [];
  const together = createTogether(
    (requests: readonly Frame[], signal) => {
      const names = requests.map(({ header }) => String(header));
      const { promise, resolve, reject } = Promise.withResolvers<Answer[]>();
      const answers = requests.map((frame): Answer => ({ frame }));
      const end = (error?: Error): void => (error === undefined ? resolve(answers) : reject(error));
      signal.addEventListener('abort', () => reject(signal.reason));
      exchanges.push({ names, signal, end });
      if (atOnce) end();
      return promise;
    },
    { mostWaiting },
  );
  const ask = (name: string, signal = never): Promise<unknown> =>
    together({ header: name, parts: [] }, signal).then(
      (answer) => ('frame' in answer ? answer.frame.header : answer.error),
      (error: Error) => error.message,
    );
  return { exchanges, ask };
}

test('goes at once when nothing is under way, else with whatever comes until then', async () => {
  const { exchanges, ask } = open();
  const answers = ['a', 'b', 'c'].map((name) => ask(name));
  expect(exchanges.map(({ names }) => names)).toEqual([['a']]);
  exchanges[0]?.end();
  await turn();
  expect(exchanges.map(({ names }) => names)).toEqual([['a'], ['b', 'c']]);
  exchanges[1]?.end();
  expect(await Promise.all(answers)).toEqual(['a', 'b', 'c']);
});

test('goes in groups of sixteen at most, and as soon as there are so many', async () => {
  const { exchanges, ask } = open();
  const names = Array.from({ length: 40 }, (_, index) => `file ${index}`);
  const answers = names.map((name) => ask(name));
  expect(exchanges.map((exchange) => exchange.names.length)).toEqual([1, 16, 16]);
  for (let ended = 0; ended < exchanges.length; ended += 1) {
    exchanges[ended]?.end();
    await turn();
  }
  expect(await Promise.all(answers)).toEqual(names);
});

test('a group whose child dies is tried one by one', async () => {
  const { exchanges, ask } = open();
  const answers = ['first', 'good', 'bad'].map((name) => ask(name));
  exchanges[0]?.end();
  await turn();
  exchanges[1]?.end(crashed());
  await turn();
  expect(exchanges.slice(2).map(({ names }) => names)).toEqual([['good'], ['bad']]);
  exchanges[2]?.end();
  exchanges[3]?.end(crashed());
  expect(await Promise.all(answers)).toEqual(['first', 'good', crashed().message]);
});

test('where no child can be had, nobody is tried again', async () => {
  const { exchanges, ask } = open();
  const answers = ['a', 'b', 'c'].map((name) => ask(name));
  exchanges[0]?.end();
  await turn();
  exchanges[1]?.end(new AppError('PARSER_UNAVAILABLE', 'unavailable', 'The server is stopping.'));
  expect(await Promise.all(answers)).toEqual(['a', 'The server is stopping.', 'The server is stopping.']);
  expect(exchanges).toHaveLength(2);
});

test('who goes away is let go, and the others are served', async () => {
  const { exchanges, ask } = open();
  const [waits, isWithAChild] = [new AbortController(), new AbortController()];
  const first = ask('first');
  const others = [ask('stays'), ask('leaves the line', waits.signal), ask('leaves the child', isWithAChild.signal)];
  waits.abort(new Error('left'));
  exchanges[0]?.end();
  await turn();
  expect(exchanges[1]?.names).toEqual(['stays', 'leaves the child']);
  isWithAChild.abort(new Error('left too'));
  expect(exchanges[1]?.signal.aborted).toBe(false);
  exchanges[1]?.end(crashed());
  await turn();
  expect(exchanges.slice(2).map(({ names }) => names)).toEqual([['stays']]);
  exchanges[2]?.end();
  expect(await Promise.all([first, ...others])).toEqual(['first', 'stays', 'left', 'left too']);
});

test('a slow exchange does not keep the next one waiting, and a group has two seconds', async () => {
  const { exchanges, ask } = open();
  const answers = ['first', 'slow', 'slower'].map((name) => ask(name));
  exchanges[0]?.end();
  await turn();
  const late = ask('late');
  expect(exchanges).toHaveLength(2);
  await turn(150);
  expect(exchanges[2]?.names).toEqual(['late']);
  exchanges[2]?.end();
  expect(await late).toBe('late');
  await turn(2_000);
  expect(exchanges.slice(3).map(({ names }) => names)).toEqual([['slow'], ['slower']]);
  exchanges[3]?.end();
  exchanges[4]?.end();
  expect(await Promise.all(answers)).toEqual(['first', 'slow', 'slower']);
});

test('refuses when as many wait as may wait, until one was answered', async () => {
  const { exchanges, ask } = open({ mostWaiting: 1 });
  const first = ask('first');
  expect(await ask('second')).toBe('1 files already wait to be read.');
  exchanges[0]?.end();
  await first;
  const third = ask('third');
  await turn();
  exchanges[1]?.end();
  expect(await third).toBe('third');
});

test('everybody is answered, in whatever order they come', async () => {
  const { ask } = open({ atOnce: true });
  const names = Array.from({ length: 100 }, (_, index) => `file ${index}`);
  expect(await Promise.all(names.map((name) => ask(name)))).toEqual(names);
});
