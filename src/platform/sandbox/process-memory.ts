/** Memory of a process that we started: how much it has, and the most that the kernel lets it have (Linux). */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

const pageBytes = 4_096;
const mebibyte = 2 ** 20;

/**
 * Resident memory of a process; undefined where the system does not tell (or the process is gone). Read at once, as no
 * disk is behind it and it is asked after every file.
 */
export function residentMegabytes(pid: number): number | undefined {
  const pages = readProc(pid, 'statm')?.split(' ')[1];
  return pages === undefined ? undefined : (Number(pages) * pageBytes) / mebibyte;
}

const deepestWrapper = 4;

/** The process that does the work: bubblewrap stays in front of what it starts, by one process or two. */
export function innermostProcess(outermost: number): number {
  let pid = outermost;
  for (let depth = 0; depth < deepestWrapper; depth += 1) {
    const child = Number(readProc(pid, `task/${pid}/children`)?.trim().split(' ')[0]);
    if (!(child > 0)) break;
    pid = child;
  }
  return pid;
}

/** Code and libraries, whose pages come from files and are counted nowhere else; a reader of PDF loads the most. */
const filePagesMegabytes = 48;

/**
 * Lets the process allocate only as much more as keeps its resident memory within the limit; then its allocations fail.
 * What it has reserved until now stays allowed: V8 reserves half a gibibyte for code that it never fills. False where
 * the system cannot do that.
 */
export async function capMemory(pid: number, maxMemoryMegabytes: number): Promise<boolean> {
  const status = readProc(pid, 'status');
  const reserved = kibibytesOf(status, 'VmData');
  const resident = kibibytesOf(status, 'VmRSS');
  if (reserved === undefined || resident === undefined) return false;
  const room = (maxMemoryMegabytes - filePagesMegabytes) * 1_024 - resident;
  const limitBytes = (reserved + Math.max(0, room)) * 1_024;
  return new Promise((resolve) => {
    execFile('prlimit', ['--pid', String(pid), `--data=${limitBytes}`], { env: {} }, (error) =>
      resolve(error === null),
    );
  });
}

function kibibytesOf(status: string | undefined, name: string): number | undefined {
  const found = status?.split('\n').find((line) => line.startsWith(`${name}:`));
  return found === undefined ? undefined : Number.parseInt(found.slice(name.length + 1), 10);
}

function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    // Another system, or the process is gone.
    return undefined;
  }
}
