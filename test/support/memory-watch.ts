/** The most memory that any one process below another ever held, by the kernel's own mark (Linux). */
import { readFileSync } from 'node:fs';
import { processTree } from '../../bench/harness/process-usage.ts';

const everyMs = 50;

/** Watches processes with `word` in their command line. */
export function watchMemory(pid: number, word: string): { peakMiB(): number; close(): void } {
  let peak = 0;
  const timer = setInterval(() => {
    for (const member of processTree(pid)) {
      if (!readProc(member, 'cmdline').includes(word)) continue;
      const kibibytes = Number(/^VmHWM:\s+(\d+) kB/m.exec(readProc(member, 'status'))?.[1] ?? 0);
      peak = Math.max(peak, kibibytes / 1024);
    }
  }, everyMs);
  return { peakMiB: () => peak, close: () => clearInterval(timer) };
}

function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    // The process has ended meanwhile.
    return '';
  }
}
