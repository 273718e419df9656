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
function open({ atOnce = false, mostWaiting = 100, mostUnderWay = 3 } = {}) {
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
    { mostWaiting, mostUnderWay },
  );
  const ask = (name: string, { signal = never, group = 'one', bytes = 0 } = {}): Promise<unknown> =>
    together({ header: name, parts: [new Uint8Array(bytes)] }, { group, signal }).then(
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
    await turn(20);
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
  const others = [ask('stays'), ask('leaves the line', waits), ask('leaves the child', isWithAChild)];
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

test('a slow exchange does not keep the next one waiting', async () => {
  const { exchanges, ask } = open();
  const slow = ask('slow');
  const late = ask('late');
  expect(exchanges).toHaveLength(1);
  await turn(50);
  expect(exchanges[1]?.names).toEqual(['late']);
  exchanges[1]?.end();
  expect(await late).toBe('late');
  exchanges[0]?.end();
  expect(await slow).toBe('slow');
});

test('nothing shares an exchange with what is of another group, or too large together', async () => {
  const { exchanges, ask } = open();
  const answers = [
    ask('first'),
    ask('a', { bytes: 50_000 }),
    ask('other', { group: 'two' }),
    ask('b', { bytes: 25_000 }),
    ask('c', { bytes: 2_500 }),
  ];
  for (let ended = 0; ended < 4; ended += 1) {
    exchanges[ended]?.end();
    await turn(5);
  }
  expect(exchanges.map(({ names }) => names)).toEqual([['first'], ['a'], ['other'], ['b', 'c']]);
  expect(await Promise.all(answers)).toEqual(['first', 'a', 'other', 'b', 'c']);
});

test('a group that is full by bytes, or behind a short one of others, does not wait for what is read', async () => {
  const { exchanges, ask } = open();
  const first = ask('first');
  const short = ask('short', { group: 'two' });
  const large = Array.from({ length: 6 }, (_, index) => ask(`large ${index}`, { bytes: 15_000 }));
  expect(exchanges.map(({ names }) => names.length)).toEqual([1, 4]);
  for (let ended = 0; ended < exchanges.length; ended += 1) {
    exchanges[ended]?.end();
    await turn(30);
  }
  expect(await Promise.all([first, short, ...large])).toHaveLength(8);
});

test('never has more under way than there are children, and goes by itself when too many wait', async () => {
  const { exchanges, ask } = open({ mostWaiting: 20, mostUnderWay: 2 });
  const names = Array.from({ length: 50 }, (_, index) => `file ${index}`);
  const answers = names.map((name) => ask(name));
  expect(exchanges.slice(0, 2).map((exchange) => exchange.names.length)).toEqual([1, 16]);
  const alone = exchanges.slice(2).map((exchange) => exchange.names.length);
  expect(new Set(alone)).toEqual(new Set([1]));
  for (let ended = 0; ended < exchanges.length; ended += 1) {
    exchanges[ended]?.end();
    await turn(20);
  }
  expect(await Promise.all(answers)).toEqual(names);
});

test('where nobody may wait, whoever comes goes by itself', async () => {
  const { exchanges, ask } = open({ mostWaiting: 0 });
  const answers = ['a', 'b', 'c'].map((name) => ask(name));
  expect(exchanges.map(({ names }) => names)).toEqual([['a'], ['b'], ['c']]);
  for (const { end } of exchanges) end();
  expect(await Promise.all(answers)).toEqual(['a', 'b', 'c']);
});

test('an exchange that everybody has left is ended', async () => {
  const { exchanges, ask } = open();
  const [left, gone] = [new AbortController(), new AbortController()];
  const answers = [ask('first'), ask('a', left), ask('b', gone)];
  exchanges[0]?.end();
  await turn(5);
  expect(exchanges[1]?.names).toEqual(['a', 'b']);
  left.abort(new Error('left'));
  expect(exchanges[1]?.signal.aborted).toBe(false);
  gone.abort(new Error('gone'));
  expect(exchanges[1]?.signal.aborted).toBe(true);
  expect(await Promise.all(answers)).toEqual(['first', 'left', 'gone']);
  expect(exchanges).toHaveLength(2);
});

test('everybody is answered, in whatever order they come', async () => {
  const { ask } = open({ atOnce: true });
  const names = Array.from({ length: 100 }, (_, index) => `file ${index}`);
  expect(await Promise.all(names.map((name) => ask(name)))).toEqual(names);
});
