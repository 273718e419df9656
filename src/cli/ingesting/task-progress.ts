/** How far a task is, for a person who watches. */
import { SingleBar } from 'cli-progress';
import type { TaskView } from '#modules/ingestion/contract.ts';
import type { CommandContext } from '../command.ts';

const secondsPerMinute = 60;

export type TaskProgress = {
  /** How many documents are known to come. */
  expect(total: number): void;
  show(task: TaskView): void;
  stop(): void;
};

/** A bar where a person watches, nothing elsewhere. */
export function startProgress({ terminal, asJson }: Pick<CommandContext, 'terminal' | 'asJson'>): TaskProgress {
  if (asJson || !terminal.isInteractive) {
    return { expect: () => undefined, show: () => undefined, stop: () => undefined };
  }
  const bar = new SingleBar({
    format: '{bar} {value}/{total} · {failed} failed · {rate}/s · {left}',
    clearOnComplete: true,
    // Else the first Ctrl-C would only stop the bar; nothing of the terminal is changed, so nothing is left behind.
    gracefulExit: false,
    linewrap: true,
  });
  let expected = 0;
  bar.start(1, 0, { failed: 0, rate: '0.0', left: '…' });
  return {
    expect(total) {
      expected = total;
    },
    show(task) {
      const { done, total } = countOf(task);
      bar.setTotal(Math.max(total, expected, 1));
      bar.update(done, {
        failed: task.counts.failed,
        rate: task.documents_per_second.toFixed(1),
        left: describeLeft(task, expected - done),
      });
    },
    stop: () => bar.stop(),
  };
}

/** The server cannot tell while more may come; whoever sends them knows how many. */
function describeLeft({ seconds_left: seconds, documents_per_second: rate }: TaskView, waiting: number): string {
  if (seconds !== null) return `${toDuration(seconds)} left`;
  return rate > 0 && waiting > 0 ? `about ${toDuration(waiting / rate)} left` : '…';
}

/** What is over of a task, and everything that is known of it. */
export function countOf({ counts }: TaskView): { done: number; total: number } {
  const { pending, processing, completed, failed, deleted, superseded } = counts;
  const done = completed + failed + deleted + superseded;
  return { done, total: done + pending + processing };
}

export function toDuration(seconds: number): string {
  const minutes = Math.floor(seconds / secondsPerMinute);
  return minutes === 0 ? `${Math.ceil(seconds)} s` : `${minutes} min ${Math.ceil(seconds % secondsPerMinute)} s`;
}
