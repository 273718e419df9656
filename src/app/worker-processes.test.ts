import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '#platform/telemetry/logger.ts';
import { startWorkerProcesses } from './worker-processes.ts';

let folder: string;
let entry: URL;

/** A child that leaves a file when it starts, and another one when it was told to stop. */
const child = `
import { writeFileSync } from 'node:fs';
process.on('disconnect', () => process.exit(1));
process.on('message', (order) => {
  if (order.kind === 'start') writeFileSync(order.settings.folder + '/started-' + process.pid, '');
  if (order.kind === 'start' && order.settings.crashes) process.exit(3);
  if (order.kind === 'start' && order.settings.isReady !== false) process.send({ kind: 'ready' });
  if (order.kind === 'stop' && order.settings === undefined) {
    writeFileSync(process.env.WORKER_FOLDER + '/stopped-' + process.pid, '');
    process.exit(0);
  }
});
`;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'nexus-workers-'));
  const file = path.join(folder, 'child.mjs');
  await writeFile(file, child);
  entry = pathToFileURL(file);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const filesOf = async (kind: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith(`${kind}-`));

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error('It did not come true in time.');
    await delay(20);
  }
}

function start(settings: Record<string, unknown> = {}) {
  return startWorkerProcesses({
    count: 2,
    settings: { folder, ...settings },
    environment: { WORKER_FOLDER: folder },
    stopTimeoutMs: 5_000,
    logger: silentLogger,
    entry,
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('starts as many as asked, starts a killed one again, and tells all of them to stop', async () => {
  const workers = start();
  await until(async () => (await filesOf('started')).length === 2);
  const [victim = 0] = workers.pids();
  process.kill(victim, 'SIGKILL');
  await until(async () => (await filesOf('started')).length === 3);
  // What it has sent before its file was seen may still be on its way.
  await delay(100);
  const pids = workers.pids();
  expect(pids).toHaveLength(2);
  await workers.close();
  expect((await filesOf('stopped')).sort()).toEqual(pids.map((pid) => `stopped-${pid}`).sort());
  expect(pids.filter(isAlive)).toEqual([]);
});

it('waits longer and longer before it starts one that ends at once', async () => {
  const workers = start({ crashes: true });
  await delay(1_500);
  await workers.close();
  const starts = (await filesOf('started')).length;
  expect(starts).toBeGreaterThanOrEqual(4);
  expect(starts).toBeLessThanOrEqual(10);
});

it('does not wait for children that still start', async () => {
  const workers = start({ isReady: false });
  const pids = workers.pids();
  expect(pids).toHaveLength(2);
  const startedMs = performance.now();
  await workers.close();
  expect(performance.now() - startedMs).toBeLessThan(500);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(await filesOf('stopped')).toEqual([]);
});

it('leaves no child behind when it is killed itself', async () => {
  const parent = path.join(folder, 'parent.mjs');
  const source = new URL('./worker-processes.ts', import.meta.url);
  await writeFile(
    parent,
    `import { startWorkerProcesses } from ${JSON.stringify(source.href)};
     const logger = { info() {}, error() {} };
     startWorkerProcesses({ count: 2, settings: { folder: ${JSON.stringify(folder)} }, environment: {},
       stopTimeoutMs: 1000, logger, entry: new URL(${JSON.stringify(entry.href)}) });`,
  );
  const started = spawn(process.execPath, [parent], { stdio: 'inherit' });
  await until(async () => (await filesOf('started')).length === 2);
  const pids = (await filesOf('started')).map((name) => Number(name.split('-')[1]));
  expect(pids.every(isAlive)).toBe(true);
  started.kill('SIGKILL');
  await until(() => !pids.some(isAlive));
});
