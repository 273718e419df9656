/** What the old tasks of items that a newer one takes over have to remember of them. Pure. */
import type { KnownItem, TaskTally } from './store.ts';

export type Leaver = Pick<KnownItem, 'taskId' | 'state'>;

const columnOf = {
  pending: 'superseded',
  processing: 'superseded',
  completed: 'completed',
  failed: 'failed',
  deleted: 'deleted',
} as const;

/** One tally for each task. What is accepted twice into one task leaves it once, so that it counts twice. */
export function tallyOf(leavers: readonly Leaver[]): TaskTally[] {
  const tallies = new Map<string, TaskTally>();
  for (const { taskId, state } of leavers) {
    if (taskId === null) continue;
    const tally = tallies.get(taskId) ?? { taskId, completed: 0, failed: 0, deleted: 0, superseded: 0 };
    tally[columnOf[state]] += 1;
    tallies.set(taskId, tally);
  }
  return [...tallies.values()];
}
