/** What a process and its children have used, from the kernel's own accounting (Linux). */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in `/proc/<pid>/stat`: 100 on every Linux that Node supports. */
const ticksPerSecond = 100;
const mebibyte = 1024 * 1024;

export type ProcessUsage = {
  processes: number;
  /** User and system time of the tree, finished and waited-for children included, in seconds. */
  cpuSeconds: number;
  /** Proportional set size: shared pages divided among those that share them. */
  pssMiB: number;
  /** Sum over the tree of each process's own highest resident size. */
  peakRssMiB: number;
};

/** Usage of `pid` and everything below it now. Throws when the process is gone. */
export function usageOf(pid: number): ProcessUsage {
  const tree = processTree(pid);
  const usages = tree.map(readUsage).filter((usage) => usage !== undefined);
  if (usages.length === 0) throw new Error(`Process ${pid} is gone, or this is not Linux.`);
  const sum = (pick: (usage: Omit<ProcessUsage, 'processes'>) => number) =>
    usages.reduce((total, usage) => total + pick(usage), 0);
  return {
    processes: usages.length,
    cpuSeconds: sum((usage) => usage.cpuSeconds),
    pssMiB: sum((usage) => usage.pssMiB),
    peakRssMiB: sum((usage) => usage.peakRssMiB),
  };
}

/** The process and its descendants, parents first. */
export function processTree(pid: number): number[] {
  const childrenOf = Map.groupBy(allProcesses(), ({ parent }) => parent);
  const tree = [pid];
  for (const member of tree) tree.push(...(childrenOf.get(member) ?? []).map((child) => child.pid));
  return tree;
}

function allProcesses(): { pid: number; parent: number }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    const fields = readStat(Number(name));
    return fields === undefined ? [] : [{ pid: Number(name), parent: Number(fields[1]) }];
  });
}

/** Fields of `stat` after the command's closing bracket: state, parent, … */
function readStat(pid: number): string[] | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function readUsage(pid: number): Omit<ProcessUsage, 'processes'> | undefined {
  const fields = readStat(pid);
  const memory = readProc(`/proc/${pid}/smaps_rollup`);
  const status = readProc(`/proc/${pid}/status`);
  if (fields === undefined || memory === undefined || status === undefined) return undefined;
  const ticks = [11, 12, 13, 14].reduce((total, field) => total + Number(fields[field]), 0);
  return {
    cpuSeconds: ticks / ticksPerSecond,
    pssMiB: kibibytes(memory, 'Pss') / 1024,
    peakRssMiB: kibibytes(status, 'VmHWM') / 1024,
  };
}

const kibibytes = (text: string, name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);

/** The text, or undefined for a process that has ended or is not ours to look into. */
function readProc(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** CPU seconds and peak memory of this process alone, from `getrusage`. */
export function ownUsage(): { cpuSeconds: number; peakRssMiB: number } {
  const usage = process.resourceUsage();
  return {
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1_000_000,
    peakRssMiB: (usage.maxRSS * 1024) / mebibyte,
  };
}
