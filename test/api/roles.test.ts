import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readConfiguration } from '#app/config.ts';
import { type StartedServer, startServer } from '#app/start-server.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { startTestServer } from '../support/server.ts';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await openTestDatabase();
  folder = await mkdtemp(path.join(os.tmpdir(), 'nexus-roles-'));
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

/** A process of its own as far as homes go, on the one database server. */
function startRole(name: string, roles: string[]): Promise<StartedServer> {
  const { owner, app, resolver, system } = database.urls;
  const { config } = readConfiguration({
    home: path.join(folder, name),
    roles,
    'http.port': 0,
    'telemetry.metricsPort': 0,
    'telemetry.logLevel': 'silent',
    'database.ownerUrl': owner.reveal(),
    'database.appUrl': app.reveal(),
    'database.resolverUrl': resolver.reveal(),
    'database.systemUrl': system.reveal(),
  });
  return startServer(config, { command: 'test', handleSignals: false });
}

it('runs a process that only works beside one that only serves, on one database', async () => {
  const server = await startRole('server', ['api', 'scheduler']);
  const worker = await startRole('worker', ['worker']);
  try {
    expect(server.url).toMatch(/^http:/);
    expect(worker.url).toBe('');
    expect(existsSync(path.join(folder, 'worker/run/server.json'))).toBe(false);
  } finally {
    const startedMs = performance.now();
    await Promise.all([server.close(), worker.close()]);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  }
});

const linux = process.platform === 'linux';

/** Worker processes below this one. */
async function workerProcesses(): Promise<string[]> {
  const tasks = await readdir('/proc/self/task');
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8').catch(() => '')),
  );
  const pids = lists.join(' ').split(' ').filter(Boolean);
  const commands = await Promise.all(
    pids.map(async (pid) => ({ pid, line: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') })),
  );
  return commands.filter(({ line }) => line.includes('worker-child.ts')).map(({ pid }) => pid);
}

it.runIf(linux)('starts worker processes on the embedded database, and they end with the server', async () => {
  const server = await startTestServer({ settings: { 'worker.processes': 2 } });
  try {
    const before = await workerProcesses();
    expect(before).toHaveLength(2);
    process.kill(Number(before[0]), 'SIGKILL');
    const deadlineMs = performance.now() + 10_000;
    let after = before;
    while (performance.now() < deadlineMs && (after.length !== 2 || after.includes(before[0] ?? ''))) {
      await delay(50);
      after = await workerProcesses();
    }
    expect(after).toHaveLength(2);
    expect(after).not.toContain(before[0]);
  } finally {
    await server.close();
  }
  expect(await workerProcesses()).toEqual([]);
});
