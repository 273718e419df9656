/**
 * R11: the server is told to stop under load, again and again; every third time it is killed while it drains. What was in
 * flight must be answered, what was acknowledged must be there once, the end must come within ten seconds, and a second
 * server on the same home must be refused at once with the name of the first.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../../bench/harness/machine.ts';
import { type NexusProcess, startNexus } from '../../bench/harness/nexus-process.ts';
import { createSeededRandom } from '../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';
import { createDocumentLedger, type LedgerServer } from './ledger/document-ledger.ts';

/** Of a full run: in each round. */
const stops = { ci: 20, full: 50 };
const senders = 6;
const shortestLifeMs = 300;
const longestLifeMs = 1_500;
const exitBoundMs = 10_000;
const refusalBoundMs = 1_000;
const longestDrainBeforeKillMs = 300;

export const program: AssuranceProgram = {
  rounds: 10,
  describe: 'R11: stops under load, kills while draining, a second server on the same home',
  async run({ seed, full, log }: AssuranceContext): Promise<AssuranceOutcome> {
    const random = createSeededRandom(seed);
    const home = mkdtempSync(path.join(os.tmpdir(), 'nexus-restarts-'));
    const outside = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'nexus-ledger-'));
    const ledger = createDocumentLedger({
      random,
      file: path.join(outside, 'ledger.jsonl'),
      isExpected: (error) => error instanceof TypeError,
    });
    const figures = {
      stops: 0,
      kills_while_draining: 0,
      in_flight_at_stop: 0,
      failed_in_flight: 0,
      late_exits: 0,
      unclean_exits: 0,
    };
    const seconds = { tried: 0, notRefused: 0, late: 0 };
    const exitMs: number[] = [];
    const refusalMs: number[] = [];
    let running = await startNexus(home);

    async function overlap(): Promise<void> {
      const { code, said, tookMs } = await startSecond(home);
      seconds.tried += 1;
      refusalMs.push(tookMs);
      if (code === 0 || !said.includes('HOME_LOCKED') || !said.includes(String(running.pid))) seconds.notRefused += 1;
      if (tookMs > refusalBoundMs) seconds.late += 1;
    }

    async function stopOnce(isKilled: boolean): Promise<void> {
      const watched = watchCalls(running);
      const stop = new AbortController();
      const sending = Array.from({ length: senders }, () => ledger.send(watched.server, stop.signal));
      await sleep(shortestLifeMs + random.next() * (longestLifeMs - shortestLifeMs));
      const ended = endOf(running);
      const startedMs = performance.now();
      const inFlight = watched.inFlight();
      running.child.kill('SIGTERM');
      if (isKilled) {
        await sleep(random.next() * longestDrainBeforeKillMs);
        running.child.kill('SIGKILL');
      }
      const code = await ended;
      stop.abort();
      await Promise.all(sending);
      if (isKilled) {
        figures.kills_while_draining += 1;
        return;
      }
      figures.stops += 1;
      figures.in_flight_at_stop += inFlight.length;
      figures.failed_in_flight += inFlight.filter((call) => call.failed).length;
      const tookMs = performance.now() - startedMs;
      exitMs.push(tookMs);
      if (tookMs > exitBoundMs) figures.late_exits += 1;
      if (code !== 0) figures.unclean_exits += 1;
    }

    try {
      const total = full ? stops.full : stops.ci;
      for (let index = 0; index < total; index += 1) {
        if (index % 5 === 0) await overlap();
        await stopOnce(index % 3 === 2);
        running = await startNexus(home);
        await ledger.compare(running);
        if (index % 10 === 9)
          log(
            `${index + 1}/${total} stops, ${ledger.acknowledged} acknowledged, ${JSON.stringify({ ...figures, ...ledger.counts })}`,
          );
      }
      const planted = await ledger.findPlanted(running);
      const failures =
        Object.values(ledger.counts).reduce((sum, count) => sum + count, 0) +
        figures.failed_in_flight +
        figures.late_exits +
        figures.unclean_exits +
        seconds.notRefused;
      return {
        n: total,
        figures: {
          ...figures,
          acknowledged: ledger.acknowledged,
          acknowledged_in_the_queue: ledger.queued,
          compared: ledger.compared,
          longest_settle_ms: ledger.longestSettleMs,
          ...ledger.counts,
          longest_stop_ms: Math.round(Math.max(...exitMs)),
          second_servers: seconds.tried,
          second_servers_not_refused: seconds.notRefused,
          late_refusals: seconds.late,
          longest_refusal_ms: Math.round(Math.max(...refusalMs)),
          planted_faults_found: planted,
        },
        // How long a refusal takes is a figure: it is mostly the start of Node on a busy machine.
        pass: failures === 0 && planted === 3,
      };
    } finally {
      await running.stop();
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      rmSync(outside, { recursive: true, force: true });
    }
  },
};

type Call = { done: boolean; failed: boolean };

/** The server, and which of its calls are on their way. */
function watchCalls(running: NexusProcess): { server: LedgerServer; inFlight(): Call[] } {
  const calls = new Set<Call>();
  return {
    inFlight: () => [...calls],
    server: {
      async call(method, target, body) {
        const call: Call = { done: false, failed: true };
        calls.add(call);
        try {
          const reply = await running.call(method, target, body);
          call.failed = reply.status >= 500;
          return reply;
        } finally {
          call.done = true;
          calls.delete(call);
        }
      },
    },
  };
}

function endOf({ child }: NexusProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

function startSecond(home: string): Promise<{ code: number | null; said: string; tookMs: number }> {
  const startedMs = performance.now();
  const second = spawn(process.execPath, [path.join(projectRoot, 'src/main.ts'), '--background'], {
    env: { PATH: process.env.PATH, NEXUS_HOME: home, NEXUS_HTTP__PORT: '0', NEXUS_TELEMETRY__METRICS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [second.stdout, second.stderr]) {
    stream.on('data', (part: Buffer) => {
      said += part;
    });
  }
  return new Promise((resolve) => {
    second.once('close', (code) => resolve({ code, said, tookMs: performance.now() - startedMs }));
  });
}
