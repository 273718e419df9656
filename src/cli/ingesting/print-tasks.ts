/** Tasks and what failed in them, in words. */
import type { ItemView, TaskView } from '#modules/ingestion/contract.ts';
import type { Terminal } from '../terminal.ts';
import { toDuration } from './task-progress.ts';

export function printTasks(terminal: Terminal, tasks: readonly TaskView[]): void {
  if (tasks.length === 0) terminal.print('There is none.');
  for (const task of tasks) printTask(terminal, task);
}

function printTask({ print, colours: { dim, red } }: Terminal, task: TaskView): void {
  const { id, kind, state, failure, created_at: begun, documents_per_second: rate } = task;
  print(`${id}  ${kind} ${state}  ${describeCounts(task)}${describePace(task)}  ${dim(`began ${begun}`)}`);
  if (failure !== null) print(`    ${red(failure.message)} ${dim(`(${failure.code})`)}`);

  function describePace({ seconds_left: left }: TaskView): string {
    if (rate === 0) return '';
    return ` · ${rate.toFixed(1)} documents/s${left === null || state !== 'running' ? '' : `, ${toDuration(left)} left`}`;
  }
}

/** What there is of each, and nothing of what there is none. */
function describeCounts({ counts, kind }: TaskView): string {
  const parts: [number, string][] = [
    [counts.completed, 'searchable'],
    [counts.unchanged, 'as before'],
    [counts.deleted, 'removed'],
    [counts.superseded, 'replaced by newer ones'],
    [counts.failed, 'failed'],
    [counts.pending + counts.processing, kind === 'removal' ? 'still to remove' : 'still to do'],
  ];
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return told.length === 0 ? 'no documents' : told.join(', ');
}

/** Each with its reason, and what may be done about all of them. */
export function printFailures(terminal: Terminal, failed: readonly ItemView[], hint: string): void {
  const { red, dim } = terminal.colours;
  for (const { filename, failure } of failed) {
    terminal.print(`${red('Failed')} ${filename}: ${failure?.message ?? ''} ${dim(`(${failure?.code ?? ''})`)}`);
  }
  if (failed.length > 0) terminal.print(dim(hint));
}

/** For documents as they are at their source or were sent. */
export const retryHint = (taskId: string): string =>
  `What was only in the way is tried again with ./nexus tasks retry ${taskId}. A file that is at fault has to be corrected first.`;
