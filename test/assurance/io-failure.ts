/**
 * R3: the k-th system call of a kind fails, in the server, its database and its readers, while documents come in; for
 * k = 1, 2, … until a run is over before its k-th call. Nothing that failed may be acknowledged, nothing acknowledged may
 * be lost, and the product must come back without help. Calls are counted in each thread, as strace does.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NexusProcess, startNexus, untilReady } from '../../bench/harness/nexus-process.ts';
import { processTree } from '../../bench/harness/process-usage.ts';
import { createSeededRandom } from '../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';
import { createDocumentLedger, type DocumentLedger } from './ledger/document-ledger.ts';
import { notTried, whyNot } from './machine/not-tried.ts';

type Fault = { name: string; calls: string; error: string };

const faults: Fault[] = [
  { name: 'sync', calls: 'fsync,fdatasync', error: 'EIO' },
  { name: 'write', calls: 'pwrite64,pwritev,pwritev2,fallocate', error: 'ENOSPC' },
  { name: 'read', calls: 'pread64,preadv', error: 'EIO' },
  { name: 'open', calls: 'openat', error: 'EMFILE' },
  { name: 'rename', calls: 'rename,renameat,renameat2,link,linkat', error: 'EIO' },
];
/** Which k are tried; beyond the last one the faults hardly differ. */
const ordinals = { ci: [1, 2, 4, 9], full: Array.from({ length: 40 }, (_, index) => index + 1) };
const senders = 3;
const workMs = 1_000;
const attachMs = 10_000;

export const program: AssuranceProgram = {
  describe: 'R3: the k-th sync, write, read, open or rename fails during ingestion',
  async run(context: AssuranceContext): Promise<AssuranceOutcome> {
    const missing = whyNot(() => execFileSync('strace', ['-f', '-o', '/dev/null', 'true'], { stdio: 'pipe' }));
    if (missing !== undefined) return notTried(`strace is needed: ${missing}`);
    const home = mkdtempSync(path.join(os.tmpdir(), 'nexus-io-'));
    const outside = mkdtempSync(path.join(os.tmpdir(), 'nexus-io-ledger-'));
    const ledger = createDocumentLedger({
      random: createSeededRandom(context.seed),
      file: path.join(outside, 'ledger.jsonl'),
    });
    const trial = openTrial({ home, ledger, log: context.log });
    try {
      await trial.start();
      for (const fault of faults) await trial.tryAll(fault, context.full ? ordinals.full : ordinals.ci, outside);
      const planted = await trial.findPlanted();
      const { points, injected, died, stuck } = trial.figures;
      const failures = Object.values(ledger.counts).reduce((sum, count) => sum + count, 0);
      return {
        n: points,
        figures: {
          calls_that_failed: injected,
          acknowledged: ledger.acknowledged,
          acknowledged_in_the_queue: ledger.queued,
          compared: ledger.compared,
          longest_settle_ms: ledger.longestSettleMs,
          ...ledger.counts,
          did_not_come_back: stuck,
          ended_and_restarted: died,
          planted_faults_found: planted,
        },
        pass: failures === 0 && stuck === 0 && injected > 0 && planted === 3,
      };
    } finally {
      await trial.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      rmSync(outside, { recursive: true, force: true });
    }
  },
};

function openTrial({ home, ledger, log }: { home: string; ledger: DocumentLedger; log: (line: string) => void }) {
  const figures = { points: 0, injected: 0, died: 0, stuck: 0 };
  let server: NexusProcess | undefined;

  async function start(): Promise<NexusProcess> {
    server = await startNexus(home);
    return server;
  }

  /** Returns how many calls failed. */
  async function tryOne({ calls, error }: Fault, ordinal: number, logFile: string): Promise<number> {
    const running = server ?? (await start());
    const tracer = await attach(running.pid, [
      ...['-f', '-qq', '--seccomp-bpf', '-o', logFile, '-e', `trace=${calls}`, '-e', 'status=failed'],
      ...['-e', `inject=${calls}:error=${error}:when=${ordinal}`],
    ]);
    const stop = new AbortController();
    const sending = Array.from({ length: senders }, () => ledger.send(running, stop.signal));
    await sleep(workMs);
    stop.abort();
    await Promise.all(sending);
    await detach(tracer);
    return readFileSync(logFile, 'utf8').split('(INJECTED)').length - 1;
  }

  /** A server that ended is started again, as its service manager would; one that lives must become ready by itself. */
  async function recover(running: NexusProcess): Promise<void> {
    if (running.child.exitCode !== null || running.child.signalCode !== null) {
      figures.died += 1;
      await start();
      return;
    }
    await untilReady(home, running.child, performance.now()).catch(async (error: unknown) => {
      figures.stuck += 1;
      log(String(error));
      running.child.kill('SIGKILL');
      await start();
    });
  }

  return {
    figures,
    start,
    async tryAll(fault: Fault, tried: readonly number[], outside: string): Promise<void> {
      for (const ordinal of tried) {
        const injected = await tryOne(fault, ordinal, path.join(outside, 'calls'));
        figures.points += injected === 0 ? 0 : 1;
        figures.injected += injected;
        if (server !== undefined) await recover(server);
        // Once as it is and once from the disk: what memory still knew must not hide what was not kept.
        await ledger.compare(server as NexusProcess);
        if (injected === 0) break;
        await server?.stop();
        await ledger.compare(await start());
        log(`${fault.name} ${fault.error}, call ${ordinal}: ${injected} failed, ${JSON.stringify(ledger.counts)}`);
      }
    },
    findPlanted: () => ledger.findPlanted(server as NexusProcess),
    async close(): Promise<void> {
      await server?.stop();
    },
  };
}

/** Traces the process and everything that it has started; returns when the first is traced. */
async function attach(pid: number, options: string[]): Promise<ChildProcess> {
  const targets = processTree(pid).flatMap((target) => ['-p', String(target)]);
  const tracer = spawn('strace', [...options, ...targets], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  tracer.stderr?.on('data', (part: Buffer) => {
    said += part;
  });
  for (const endsMs = performance.now() + attachMs; performance.now() < endsMs; await sleep(5)) {
    if (/^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return tracer;
    if (tracer.exitCode !== null) break;
  }
  throw new Error(`strace did not attach: ${said}`);
}

async function detach(tracer: ChildProcess): Promise<void> {
  if (tracer.exitCode !== null) return;
  const gone = new Promise((resolve) => tracer.once('exit', resolve));
  tracer.kill('SIGTERM');
  await gone;
}
