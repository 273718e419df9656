/**
 * R5: the disk fills up while documents come in: at first to what the product keeps free for itself, then to the last
 * byte. What is refused says why, what was acknowledged stays, reading goes on while the database has its reserve, and
 * with space again everything goes on in the same process.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NexusProcess, startNexus } from '../../bench/harness/nexus-process.ts';
import { createSeededRandom } from '../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';
import { createDocumentLedger, type LedgerServer } from './ledger/document-ledger.ts';
import { notTried, whyNot } from './machine/not-tried.ts';

/** Of a full run: in each round. */
const rounds = { ci: 4, full: 8 };
const diskMegabytes = 240;
const reserveMegabytes = 24;
const senders = 4;
const fullMs = 3_000;
const backDeadlineMs = 30_000;
const mebibyte = 1024 ** 2;

export const program: AssuranceProgram = {
  rounds: 5,
  describe: 'R5: the disk fills up during ingestion, to the reserve and to the last byte, and empties again',
  async run({ seed, full, log }: AssuranceContext): Promise<AssuranceOutcome> {
    const disk = mkdtempSync(path.join(os.tmpdir(), 'nexus-disk-'));
    const outside = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'nexus-ledger-'));
    const missing = whyNot(() =>
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMegabytes}m`, 'none', disk], { stdio: 'pipe' }),
    );
    if (missing !== undefined) return notTried(`A file system of its own is needed: ${missing}`);
    const ledger = createDocumentLedger({ random: createSeededRandom(seed), file: path.join(outside, 'ledger.jsonl') });
    const figures = {
      refused_as_full: 0,
      refused_otherwise: 0,
      reads_at_reserve: 0,
      reads_failed_at_reserve: 0,
      told_by_health: 0,
      did_not_go_on: 0,
    };
    const settings = {
      NEXUS_STORAGE__RESERVE_MEGABYTES: String(reserveMegabytes),
      NEXUS_DATABASE__EMBEDDED__MAX_WAL_MB: '64',
    };
    const home = path.join(disk, 'home');
    let running = await startNexus(home, settings);

    /** Sends while the disk is full, and looks whether reading goes on. */
    async function sendWhileFull(isToTheLast: boolean): Promise<void> {
      const stop = new AbortController();
      const server = countRefusals(running, figures);
      const sending = Array.from({ length: senders }, () => ledger.send(server, stop.signal));
      const endsMs = performance.now() + fullMs;
      while (performance.now() < endsMs) {
        await sleep(200);
        if (isToTheLast) continue;
        figures.reads_at_reserve += 1;
        const read = await running.call('GET', '/api/v1/documents?limit=5').catch(() => ({ status: 0 }));
        if (read.status !== 200) figures.reads_failed_at_reserve += 1;
      }
      if (!isToTheLast && (await diskStatus(running)) !== 'up') figures.told_by_health += 1;
      stop.abort();
      await Promise.all(sending);
    }

    try {
      const total = full ? rounds.full : rounds.ci;
      for (let round = 0; round < total; round += 1) {
        const before = new AbortController();
        const sending = Array.from({ length: senders }, () => ledger.send(running, before.signal));
        await sleep(1_500);
        before.abort();
        await Promise.all(sending);

        const isToTheLast = round % 2 === 1;
        const ballast = path.join(disk, 'ballast');
        fill(disk, ballast, isToTheLast ? 0 : reserveMegabytes - 4);
        await sleep(1_000);
        await sendWhileFull(isToTheLast);
        rmSync(ballast);

        if (!(await goesOn(running))) figures.did_not_go_on += 1;
        await ledger.compare(running);
        await running.stop();
        running = await startNexus(home, settings);
        await ledger.compare(running);
        log(
          `${round + 1}/${total} rounds, ${ledger.acknowledged} acknowledged, ${JSON.stringify({ ...figures, ...ledger.counts })}`,
        );
      }
      const planted = await ledger.findPlanted(running);
      const failures = Object.values(ledger.counts).reduce((sum, count) => sum + count, 0);
      return {
        n: total,
        figures: {
          ...figures,
          acknowledged: ledger.acknowledged,
          acknowledged_in_the_queue: ledger.queued,
          compared: ledger.compared,
          longest_settle_ms: ledger.longestSettleMs,
          ...ledger.counts,
          planted_faults_found: planted,
        },
        pass:
          failures + figures.reads_failed_at_reserve + figures.did_not_go_on === 0 &&
          figures.refused_as_full > 0 &&
          figures.told_by_health === Math.ceil(total / 2) &&
          planted === 3,
      };
    } finally {
      await running.stop();
      execFileSync('umount', ['-l', disk]);
      rmSync(disk, { recursive: true, force: true });
      rmSync(outside, { recursive: true, force: true });
    }
  },
};

/** Leaves so many megabytes free. */
function fill(disk: string, ballast: string, leftMegabytes: number): void {
  const descriptor = openSync(ballast, 'w');
  const block = Buffer.alloc(64 * 1024, 1);
  try {
    for (;;) {
      const { bavail, bsize } = statfsSync(disk);
      if (bavail * bsize - block.length < leftMegabytes * mebibyte) return;
      writeSync(descriptor, block);
    }
  } catch {
    // The disk is full, as it should be.
  } finally {
    closeSync(descriptor);
  }
}

function countRefusals(
  running: NexusProcess,
  figures: { refused_as_full: number; refused_otherwise: number },
): LedgerServer {
  return {
    async call(method, target, body) {
      const reply = await running.call(method, target, body);
      if (reply.status === 507) figures.refused_as_full += 1;
      else if (reply.status >= 500) figures.refused_otherwise += 1;
      return reply;
    },
  };
}

async function diskStatus(running: NexusProcess): Promise<string> {
  const reply = await running.call('GET', '/health/detailed');
  const { checks = [] } = JSON.parse(reply.text) as { checks?: { name: string; status: string }[] };
  return checks.find(({ name }) => name === 'disk')?.status ?? 'unknown';
}

/** The same process takes documents again. */
async function goesOn(running: NexusProcess): Promise<boolean> {
  for (const endsMs = performance.now() + backDeadlineMs; performance.now() < endsMs; await sleep(200)) {
    const reply = await running
      .call(
        'POST',
        '/api/v1/documents?filename=again.md&external_id=document-0-again',
        '# Again\n\nThere is space again.\n',
      )
      .catch(() => ({ status: 0 }));
    if (reply.status === 200 || reply.status === 201) {
      const listed = JSON.parse((await running.call('GET', '/api/v1/documents?external_id=document-0-again')).text);
      const id = (listed as { items: { id: string }[] }).items[0]?.id;
      return (await running.call('DELETE', `/api/v1/documents/${id}`)).status === 204;
    }
  }
  return false;
}
