import { readFile } from 'node:fs/promises';

export type ProcessMemory = {
  pid: number;
  /** Proportional set size: shared pages are divided among the processes that share them, so sums are honest. */
  pssBytes: number;
  /** Resident set size: shared pages are counted in full. */
  rssBytes: number;
};

function readKilobytes(rollup: string, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup);
  return match === null ? 0 : Number(match[1]) * 1024;
}

/** Memory of the named processes. Those that are gone, belong to others or run on another system than Linux are absent. */
export async function readProcessMemory(pids: readonly number[]): Promise<ProcessMemory[]> {
  const readings = await Promise.allSettled(
    pids.map(async (pid) => {
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
      return { pid, pssBytes: readKilobytes(rollup, 'Pss'), rssBytes: readKilobytes(rollup, 'Rss') };
    }),
  );
  return readings.flatMap((reading) => (reading.status === 'fulfilled' ? [reading.value] : []));
}
