/** How long until Nexus serves, how long until the first cited answer, and what it holds in memory when it rests. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readServerFile } from '#app/server-file.ts';
import { databaseConfig } from '#platform/postgres/config.ts';
import { startEmbeddedPostgres } from '#platform/postgres/embedded/embedded-postgres.ts';
import { Secret } from '#platform/secret.ts';
import { startNexus } from './harness/nexus-process.ts';
import { summarise } from './harness/percentiles.ts';
import type { Bench, BenchContext } from './harness.ts';

const starts = 10;
const restMs = 30_000;

export const bench: Bench = {
  name: 'startup',
  describe: 'First start, later starts, first cited answer, memory at rest; beside a bare Node and a bare PostgreSQL.',
  async run(context) {
    await measureFirstAnswer(context);
    await measureStarts(context);
    await measureFloor(context);
  },
};

/** What `npm run quickstart` does after the install, and the memory half a minute later. */
async function measureFirstAnswer(context: BenchContext): Promise<void> {
  const home = path.join(context.folder, 'quickstart');
  const environment = {
    ...process.env,
    NEXUS_HOME: home,
    NEXUS_HTTP__PORT: '0',
    NEXUS_TELEMETRY__METRICS_PORT: '0',
  };
  const cli = path.join(context.projectRoot, 'src/cli/main.ts');
  const startedMs = performance.now();
  const run = spawnSync(process.execPath, [cli, 'quickstart'], { env: environment, encoding: 'utf8' });
  const seconds = (performance.now() - startedMs) / 1000;
  if (run.status !== 0) throw new Error(`The quickstart failed:\n${run.stdout}${run.stderr}`);
  context.result('first cited answer, from an empty home', 's', seconds);
  context.target('first cited answer, s', seconds, { atMost: 60 });

  context.log(`Resting ${restMs / 1000} s …`);
  await sleep(restMs);
  const server = await readServerFile(home);
  if (server === undefined) throw new Error('The server of the quickstart is gone.');
  const usage = context.usageOf(server.pid);
  context.result('processes at rest', 'processes', usage.processes);
  context.result('memory at rest (PSS of server, database and parsers)', 'MiB', usage.pssMiB);
  context.target('memory 30 s after the answer, MiB', usage.pssMiB, { atMost: 400 });
  spawnSync(process.execPath, [cli, 'stop'], { env: environment });
}

async function measureStarts(context: BenchContext): Promise<void> {
  const home = path.join(context.folder, 'starts');
  const ready: number[] = [];
  for (let index = 0; index <= starts; index += 1) {
    const server = await startNexus(home);
    if (index === 0) context.result('first start, with initdb and migrations', 'ms', server.readyMs);
    else ready.push(server.readyMs);
    await server.stop();
  }
  const summary = summarise(ready);
  context.result('later starts', 'ms', summary);
  context.target('later starts p99, ms', summary.p99, { atMost: 2000 });
}

/** The two parts that nobody can do without. */
async function measureFloor(context: BenchContext): Promise<void> {
  const node = await context.repeat({ repetitions: 10, work: () => execFileSync(process.execPath, ['-e', '0']) });
  context.result('peer: bare Node', 'ms', node.elapsedMs);
  const home = path.join(context.folder, 'postgres');
  mkdirSync(home, { recursive: true });
  const postgres = await context.repeat({
    warmUp: 1,
    repetitions: 5,
    async work() {
      const server = await startEmbeddedPostgres({
        home,
        config: databaseConfig.parse({}).embedded,
        adminPassword: new Secret('bench-only-password'),
      });
      await server.stop();
    },
  });
  context.result('peer: bare embedded PostgreSQL, start and stop', 'ms', postgres.elapsedMs);
}
