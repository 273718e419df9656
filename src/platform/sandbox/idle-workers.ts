import type { Child } from './child.ts';
import { stoppingError } from './errors.ts';

export type Worker = {
  child: Child;
  jobs: number;
  busyMs: number;
  /** Its file is one of those that have children of their own. */
  isQuick: boolean;
  idleTimer: NodeJS.Timeout | undefined;
};

/** Idle children, latest first: the others reach their end and give their memory back. */
export function createIdleWorkers(idleMs: number) {
  const idle: Worker[] = [];
  const forget = (worker: Worker): void => {
    clearTimeout(worker.idleTimer);
    const index = idle.indexOf(worker);
    if (index >= 0) idle.splice(index, 1);
  };
  return {
    count: (): number => idle.filter(({ child }) => child.isAlive()).length,
    keep(worker: Worker): void {
      worker.idleTimer = setTimeout(() => {
        forget(worker);
        worker.child.kill(stoppingError());
      }, idleMs);
      idle.push(worker);
    },
    /**
     * One that had to give way to others stays so: it is no good for a quick file, and the last choice for any other.
     * `reserved` are kept for quick files, which would wait longer for a new child to start than for their reading.
     */
    take(isQuick: boolean, reserved: number): Worker | undefined {
      const alive = [...idle].reverse().filter(({ child }) => child.isAlive());
      const fresh = alive.filter(({ child }) => !child.gaveWay());
      const slow = alive.find(({ child }) => child.gaveWay());
      const worker = isQuick ? fresh[0] : (fresh[reserved] ?? slow);
      if (worker !== undefined) forget(worker);
      return worker;
    },
    /** The one that idles longest. */
    endOne(): void {
      const [oldest] = idle;
      if (oldest === undefined) return;
      forget(oldest);
      oldest.child.kill(stoppingError());
    },
    takeAll(): Worker[] {
      const all = [...idle];
      for (const worker of all) forget(worker);
      return all;
    },
  };
}
