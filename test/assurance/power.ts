/**
 * R2: power cuts. The home lies on an ext4 file system in a file; at a cut every process is stopped, what has reached the
 * device until then is copied, and the product is started on the copy. What lived only in memory is gone, as it is when
 * the power fails. The control runs with syncing switched off and must lose something.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NexusProcess, startNexus } from '../../bench/harness/nexus-process.ts';
import { createSeededRandom } from '../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';
import { createDocumentLedger, type DocumentLedger } from './ledger/document-ledger.ts';
import { notTried, whyNot } from './machine/not-tried.ts';

/** Of a full run: in each round. */
const cuts = { ci: 10, full: 20 };
const controlCuts = 3;
const senders = 4;
const shortestLifeMs = 50;
const longestLifeMs = 1_500;
const diskMegabytes = 512;
/** Answers that were on their way to the ledger when the power failed are read within this. */
const lastAnswersMs = 100;
const maxCopies = 20;
const maxUnmounts = 100;

/** Every sync answers that it went well, and does nothing. */
const withoutSync = [
  'strace',
  ...['-f', '-qq', '--seccomp-bpf', '-o', '/dev/null'],
  ...['-e', 'trace=fsync,fdatasync,sync_file_range', '-e', 'inject=fsync,fdatasync,sync_file_range:retval=0'],
];

export const program: AssuranceProgram = {
  rounds: 10,
  describe: 'R2: power cuts during ingestion, on a disk that keeps only what was synced',
  async run(context: AssuranceContext): Promise<AssuranceOutcome> {
    const missing = whyNot(probeDisk);
    if (missing !== undefined) return notTried(`A loop device with ext4 and strace are needed: ${missing}`);
    const total = context.full ? cuts.full : cuts.ci;
    const trial = await runTrial({ ...context, total, wrapper: [] });
    const failures = Object.values(trial.counts).reduce((sum, count) => sum + count, 0);
    const control = await runTrial({ ...context, total: controlCuts, wrapper: withoutSync });
    // A queue that takes long proves nothing about the disk.
    const { unsettled: _, ...lossesOfControl } = control.counts;
    const controlFailures = Object.values(lossesOfControl).reduce((sum, count) => sum + count, 0);
    return {
      n: total,
      figures: {
        acknowledged: trial.acknowledged,
        acknowledged_in_the_queue: trial.queued,
        compared: trial.compared,
        longest_settle_ms: trial.longestSettleMs,
        ...trial.counts,
        control_cuts_without_sync: controlCuts,
        control_acknowledged: control.acknowledged,
        control_lost_or_unopenable: controlFailures,
      },
      pass: failures === 0 && trial.acknowledged > 0 && controlFailures > 0,
    };
  },
};

function probeDisk(): void {
  execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'pipe' });
  const folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-power-'));
  const image = path.join(folder, 'disk.img');
  const mountPoint = path.join(folder, 'mounted');
  mkdirSync(mountPoint);
  try {
    execFileSync('truncate', ['-s', '16M', image]);
    execFileSync('mkfs.ext4', ['-q', '-F', image], { stdio: 'pipe' });
    execFileSync('mount', ['-o', 'loop', image, mountPoint], { stdio: 'pipe' });
    execFileSync('umount', [mountPoint], { stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Trial = AssuranceContext & { total: number; wrapper: readonly string[] };

async function runTrial({ seed, total, wrapper, log }: Trial): Promise<DocumentLedger> {
  const random = createSeededRandom(seed);
  const folder = mkdtempSync('/dev/shm/nexus-power-');
  const disk = createDisk(folder);
  const ledger = createDocumentLedger({
    random,
    file: path.join(folder, 'ledger.jsonl'),
    isExpected: (error) => error instanceof TypeError,
  });
  const isControl = wrapper.length > 0;
  let running: NexusProcess | undefined;
  try {
    running = await startNexus(disk.home, {}, wrapper);
    for (let cut = 0; cut < total; cut += 1) {
      const server: NexusProcess = running;
      const stop = new AbortController();
      const sending = Array.from({ length: senders }, () => ledger.send(server, stop.signal));
      await sleep(shortestLifeMs + random.next() * (longestLifeMs - shortestLifeMs));
      await disk.cutPower(stop);
      await Promise.all(sending);
      running = await startNexus(disk.home, {}, wrapper);
      await ledger.compare(running);
      if (cut % 5 === 4)
        log(`${cut + 1}/${total} cuts, ${ledger.acknowledged} acknowledged, ${JSON.stringify(ledger.counts)}`);
    }
  } catch (error) {
    ledger.counts.unopenable += 1;
    log(`${isControl ? 'control: ' : ''}${String(error)}`);
  } finally {
    await disk.remove();
    rmSync(folder, { recursive: true, force: true });
  }
  return ledger;
}

/** A file system whose device is a file; needs root and loop devices. */
function createDisk(folder: string) {
  const mountPoint = mkdtempSync(path.join(os.tmpdir(), 'nexus-power-'));
  let generation = 0;
  const imageOf = (number: number) => path.join(folder, `disk-${number}.img`);
  execFileSync('truncate', ['-s', `${diskMegabytes}M`, imageOf(0)]);
  execFileSync('mkfs.ext4', ['-q', '-F', imageOf(0)]);
  mount();
  mkdirSync(path.join(mountPoint, 'home'), { mode: 0o700 });
  execFileSync('sync');

  function mount(): void {
    execFileSync('mount', ['-o', 'loop', imageOf(generation), mountPoint]);
  }

  /** The last of the killed are still being taken down when they cannot be seen any more. */
  async function unmount(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      await killAll();
      try {
        execFileSync('umount', [mountPoint], { stdio: 'pipe' });
        return;
      } catch (error) {
        if (attempt === maxUnmounts) throw error;
        await sleep(50);
      }
    }
  }

  async function killAll(): Promise<void> {
    for (let users = usersOf(mountPoint); users.length > 0; users = usersOf(mountPoint)) {
      signalAll(users, 'SIGKILL');
      await sleep(10);
    }
  }

  return {
    home: path.join(mountPoint, 'home'),
    /** Stops the world, keeps what the device has, and comes up again with it. */
    async cutPower(stop: AbortController): Promise<void> {
      signalAll(usersOf(mountPoint), 'SIGSTOP');
      await sleep(lastAnswersMs);
      copyAtRest(imageOf(generation), imageOf(generation + 1));
      stop.abort();
      await unmount();
      rmSync(imageOf(generation));
      generation += 1;
      mount();
    },
    async remove(): Promise<void> {
      await unmount();
      rmSync(mountPoint, { recursive: true, force: true });
    },
  };
}

/** The kernel may be writing back: a copy counts when the device has seen no write while it was made. */
function copyAtRest(from: string, to: string): void {
  const device = execFileSync('losetup', ['-n', '-O', 'NAME', '-j', from], { encoding: 'utf8' }).trim();
  const writes = () => {
    const fields = readFileSync(`/sys/block/${path.basename(device)}/stat`, 'utf8')
      .trim()
      .split(/\s+/);
    // Completed writes, and requests in flight; see the kernel's Documentation/block/stat.rst.
    return `${fields[4]} ${fields[8]}`;
  };
  for (let copy = 0; copy < maxCopies; copy += 1) {
    const before = writes();
    execFileSync('cp', ['--sparse=always', from, to]);
    if (before.endsWith(' 0') && writes() === before) return;
  }
  throw new Error('The device did not come to rest.');
}

/** Every process that has a file of the mounted file system open or stands in it, and its tracer. */
function usersOf(mountPoint: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && uses(name, mountPoint))
    .map(Number);
}

function uses(pid: string, mountPoint: string): boolean {
  try {
    const links = [`/proc/${pid}/cwd`, ...readdirSync(`/proc/${pid}/fd`).map((name) => `/proc/${pid}/fd/${name}`)];
    return links.some((link) => readlinkSafely(link).startsWith(mountPoint));
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

function readlinkSafely(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return '';
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}
