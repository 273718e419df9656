import { fork } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { isAppError } from '../errors.ts';
import { type ChildPool, createChildPool } from './child-pool.ts';
import { type SandboxConfig, sandboxConfig } from './config.ts';
import { descendantsOf, isRunning } from './testing/descendants.ts';

const source = new URL('../../', import.meta.url).pathname;
const packageFile = new URL('../../../package.json', import.meta.url).pathname;
const entry = new URL('./testing/hostile-child.ts', import.meta.url);
const never = new AbortController().signal;
const opened: ChildPool[] = [];

function openPool(config: Partial<SandboxConfig> = {}): ChildPool {
  const pool = createChildPool({
    entry,
    readable: [source, packageFile],
    config: { ...sandboxConfig.parse({}), ...config },
  });
  opened.push(pool);
  return pool;
}

const order = (pool: ChildPool, what: string, signal = never) =>
  pool.run({ header: { do: what }, parts: [] }, signal).then(({ header }) => header);

const codeOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'no error',
    (error) => (isAppError(error) ? error.code : String(error)),
  );

const until = async (condition: () => boolean, withinMs = 5_000): Promise<boolean> => {
  const end = performance.now() + withinMs;
  while (performance.now() < end) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return condition();
};

afterEach(async () => {
  await Promise.all(opened.splice(0).map((pool) => pool.close()));
});

test('carries header and bytes there and back', async () => {
  const pool = openPool();
  const bytes = new Uint8Array(20_000_000);
  const reply = await pool.run({ header: { do: 'bytes', size: 3_000_000 }, parts: [bytes] }, never);
  expect(reply.header).toBe(20_000_000);
  expect(reply.parts[0]?.byteLength).toBe(3_000_000);
});

test('passes on the error that the child found in the file', async () => {
  const pool = openPool();
  await expect(order(pool, 'refuse')).rejects.toMatchObject({
    code: 'DOCUMENT_DAMAGED',
    kind: 'invalid',
    message: 'The file is broken.',
    details: { page: 3 },
  });
});

test('takes from such an error what is short and flat: the child may have been taken over', async () => {
  const error = await order(openPool(), 'refuseAtLength').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'DOCUMENT_DAMAGED', message: 'y'.repeat(1_000) });
  expect(isAppError(error) && error.details).toEqual({ page: 3, isLast: true, words: 'x'.repeat(500) });
});

test('refuses an answer whose header alone would keep the parent busy', async () => {
  expect(await codeOf(order(openPool(), 'longAnswer'))).toBe('PARSER_REPLY');
});

test.each([
  ['crash', 'PARSER_CRASHED'],
  ['exit', 'PARSER_CRASHED'],
  ['throw', 'PARSER_CRASHED'],
  ['throwForMemory', 'PARSER_MEMORY'],
  ['hog', 'PARSER_MEMORY'],
  ['hogHeap', 'PARSER_MEMORY'],
  ['loop', 'PARSER_TIMEOUT'],
])('survives a child that does "%s" and names it %s', async (what, code) => {
  const pool = openPool({ size: 1, deadlineMs: what.startsWith('hog') ? 30_000 : 500, maxMemoryMegabytes: 200 });
  expect(await codeOf(order(pool, what))).toBe(code);
  expect(await order(pool, 'echo')).toEqual({ do: 'echo' });
});

test('lets other files through while one hangs', async () => {
  const pool = openPool({ size: 2, deadlineMs: 2_000 });
  const hanging = codeOf(order(pool, 'loop'));
  const others = await Promise.all(Array.from({ length: 20 }, () => order(pool, 'echo')));
  expect(others).toHaveLength(20);
  expect(await hanging).toBe('PARSER_TIMEOUT');
});

test('ignores what libraries print', async () => {
  expect(await order(openPool(), 'print')).toBe('done');
});

test('refuses an answer above the limit', async () => {
  const pool = openPool({ maxReplyBytes: 1_000 });
  expect(await codeOf(pool.run({ header: { do: 'bytes', size: 1_001 }, parts: [new Uint8Array(1)] }, never))).toBe(
    'PARSER_REPLY',
  );
  expect(await order(pool, 'echo')).toEqual({ do: 'echo' });
});

test('gives the child no environment, no files, no processes and no evaluated code', async () => {
  const pool = openPool();
  expect(((await order(pool, 'environment')) as string[]).filter((name) => name !== 'PWD')).toEqual([]);
  for (const attempt of ['readSecrets', 'writeFile', 'spawn', 'forkBomb']) {
    expect(await order(pool, attempt), attempt).toEqual({ refused: 'ERR_ACCESS_DENIED' });
  }
  expect(await order(pool, 'evaluate')).toEqual({ refused: 'EvalError' });
  expect((await pool.probe(never)).by).toContain('node permissions');
});

test('keeps a small text file from waiting for large ones, and large ones from waiting for ever', async () => {
  const pool = openPool({ size: 1, quickSize: 1, deadlineMs: 1_500 });
  const hanging = codeOf(order(pool, 'loop'));
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: 20 }, () => pool.run({ header: { do: 'echo' }, parts: [] }, never, { isQuick: true })),
  );
  expect(performance.now() - startedMs).toBeLessThan(1_400);
  expect(await hanging).toBe('PARSER_TIMEOUT');
});

test('fails none of the quick files that go together for another', async () => {
  const pool = openPool({ size: 2, quickSize: 1, deadlineMs: 500 });
  const quick = (what: string) =>
    codeOf(pool.run({ header: { do: what }, parts: [] }, never, { isQuick: true, group: 'one' }));
  const codes = await Promise.all(['echo', 'echo', 'crash', 'echo', 'refuse', 'loop', 'echo', 'echo'].map(quick));
  expect(codes).toEqual([
    'no error',
    'no error',
    'PARSER_CRASHED',
    'no error',
    'DOCUMENT_DAMAGED',
    'PARSER_TIMEOUT',
    'no error',
    'no error',
  ]);
});

test('keeps the quick files that go together from waiting long for one of them', async () => {
  const pool = openPool({ size: 1, quickSize: 1, deadlineMs: 30_000 });
  const stop = new AbortController();
  const quick = (what: string, signal = never) =>
    codeOf(pool.run({ header: { do: what }, parts: [] }, signal, { isQuick: true, group: 'one' }));
  await quick('echo');
  const startedMs = performance.now();
  const [first, looping, ...others] = [quick('echo'), quick('loop', stop.signal), quick('echo'), quick('echo')];
  expect(await Promise.all([first, ...others])).toEqual(['no error', 'no error', 'no error']);
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  stop.abort(new Error('enough'));
  await looping;
});

test('keeps a child that has started for quick files', async () => {
  const pool = openPool({ size: 1, quickSize: 1, idleMs: 60_000 });
  const quick = () => pool.run({ header: { do: 'count' }, parts: [] }, never, { isQuick: true });
  expect((await quick()).header).toBe(0);
  expect(await order(pool, 'count')).toBe(0);
  expect((await quick()).header).toBe(1);
  expect(pool.children).toBe(2);
});

test('never has more children than may work at once', async () => {
  const pool = openPool({ size: 1, quickSize: 1, idleMs: 60_000 });
  const quick = (what: string, signal = never) =>
    pool.run({ header: { do: what }, parts: [] }, signal, { isQuick: true });
  await Promise.all([quick('echo'), quick('echo')]);
  expect(pool.children).toBe(2);
  const stop = new AbortController();
  const hanging = codeOf(quick('loop', stop.signal));
  await order(pool, 'echo');
  expect(pool.children).toBe(2);
  stop.abort(new Error('enough'));
  await hanging;
});

test('uses a child again, replaces it after its number of files, and ends it when idle', async () => {
  const pool = openPool({ size: 1, quickSize: 0, maxJobs: 2, idleMs: 200 });
  const ordersBefore: unknown[] = [];
  for (let file = 0; file < 3; file += 1) ordersBefore.push(await order(pool, 'count'));
  expect(ordersBefore).toEqual([0, 1, 0]);
  expect(pool.children).toBe(1);
  expect(await until(() => pool.children === 0)).toBe(true);
});

test('refuses when as many wait as may wait, and serves those who wait', async () => {
  const pool = openPool({ size: 1, maxQueued: 2 });
  const all = await Promise.all(Array.from({ length: 5 }, () => codeOf(order(pool, 'echo'))));
  expect(all.filter((code) => code === 'no error')).toHaveLength(3);
  expect(all.filter((code) => code === 'PARSER_BUSY')).toHaveLength(2);
});

test('serves everybody who waits although every child dies', async () => {
  const pool = openPool({ size: 2 });
  const codes = await Promise.all(Array.from({ length: 6 }, () => codeOf(order(pool, 'crash'))));
  expect(new Set(codes)).toEqual(new Set(['PARSER_CRASHED']));
});

test('stops the work of a caller who goes away, running or waiting', async () => {
  const pool = openPool({ size: 1 });
  const running = new AbortController();
  const waiting = new AbortController();
  const first = order(pool, 'loop', running.signal);
  const second = order(pool, 'echo', waiting.signal);
  const third = order(pool, 'echo');
  waiting.abort(new Error('left the queue'));
  await expect(second).rejects.toThrow('left the queue');
  running.abort(new Error('left'));
  await expect(first).rejects.toThrow('left');
  expect(await third).toEqual({ do: 'echo' });
});

test('ends all children when closed and says so to who waits', async () => {
  const pool = openPool({ size: 1 });
  await order(pool, 'echo');
  const pids = descendantsOf(process.pid);
  const running = codeOf(order(pool, 'loop'));
  const waiting = codeOf(order(pool, 'echo'));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await pool.close();
  expect([await running, await waiting, await codeOf(order(pool, 'echo'))]).toEqual(
    Array.from({ length: 3 }, () => 'PARSER_UNAVAILABLE'),
  );
  expect(pids.length).toBeGreaterThan(0);
  expect(await until(() => !pids.some(isRunning))).toBe(true);
});

test('ends a child that was about to start when the pool was closed', async () => {
  const pool = openPool({ size: 1 });
  const early = codeOf(order(pool, 'echo'));
  await pool.close();
  expect(await early).toBe('PARSER_UNAVAILABLE');
  expect(await until(() => pool.children === 0)).toBe(true);
});

test.each(['echo', 'loop'])('leaves no child behind when the parent is killed while it does "%s"', async (what) => {
  const parent = fork(new URL('./testing/doomed-parent.ts', import.meta.url), [what], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const { pids, isolation } = await new Promise<{ pids: number[]; isolation: string[] }>((resolve) =>
    parent.once('message', (message) => resolve(message as { pids: number[]; isolation: string[] })),
  );
  expect(pids.every(isRunning)).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 100));
  parent.kill('SIGKILL');
  // A spinning child without the parent-death signal goes on until its processor time is used up.
  if (what === 'echo' || isolation.includes('dies with parent')) {
    expect(await until(() => !pids.some(isRunning))).toBe(true);
  } else for (const pid of pids) process.kill(pid, 'SIGKILL');
});
