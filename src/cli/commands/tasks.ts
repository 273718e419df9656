import type { ItemView, TaskView } from '#modules/ingestion/contract.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { interruptedExitCode, listenForInterrupt } from '../exit-interrupted.ts';
import { countOf, followTask, listTaskItems, readTask, startProgress, toDuration } from '../ingesting/follow-task.ts';
import type { Terminal } from '../terminal.ts';

export type ListTasksOptions = { limit: string; state?: string | undefined; source?: string | undefined };

export async function runTasksList(context: CommandContext, options: ListTasksOptions): Promise<undefined> {
  const connection = await context.connect();
  const reply = await connection.call<{ items: TaskView[] }>({
    method: 'GET',
    path: '/api/v1/tasks',
    query: { limit: options.limit, state: options.state, source_id: options.source },
  });
  if (context.asJson) context.terminal.printJson(reply);
  else printTasks(context.terminal, reply.items);
}

export async function runTasksShow(context: CommandContext, taskId: string): Promise<undefined> {
  const connection = await context.connect();
  const task = await readTask(connection, taskId);
  const failed = await listTaskItems(connection, taskId, 'failed');
  if (context.asJson) context.terminal.printJson({ ...task, failed });
  else {
    printTasks(context.terminal, [task]);
    printFailures(context.terminal, task.id, failed);
  }
}

export async function runTasksRetry(context: CommandContext, taskId: string): Promise<number> {
  const connection = await context.connect();
  const { task_id: retried, items } = await connection.call<{ task_id: string; items: number }>({
    method: 'POST',
    path: `/api/v1/tasks/${taskId}/retry`,
  });
  if (!context.asJson) context.terminal.print(`${items} documents are tried again.`);
  return runTasksFollow(context, retried);
}

/** Waits for the end of a task; Ctrl-C ends the waiting only. */
export async function runTasksFollow(context: CommandContext, taskId: string): Promise<number> {
  const { terminal, asJson } = context;
  const connection = await context.connect();
  const interrupt = listenForInterrupt();
  const progress = startProgress(context);
  const ended = await followTask(connection, taskId, { signal: interrupt.signal, onProgress: progress.show }).finally(
    () => {
      progress.stop();
      interrupt.close();
    },
  );
  if (ended === undefined) {
    if (asJson) terminal.printJson({ task_id: taskId, interrupted: true });
    else terminal.print(`The task goes on. See how far it is: ./nexus tasks follow ${taskId}`);
    return interruptedExitCode;
  }
  const failed = await listTaskItems(connection, taskId, 'failed');
  if (asJson) terminal.printJson({ ...ended, failed });
  else {
    printTasks(terminal, [ended]);
    printFailures(terminal, taskId, failed);
  }
  return failed.length > 0 || ended.failure !== null ? exitCodes.invalid : 0;
}

export function printTasks(terminal: Terminal, tasks: readonly TaskView[]): void {
  const { dim, red } = terminal.colours;
  if (tasks.length === 0) terminal.print('There is none.');
  for (const task of tasks) {
    const { counts, state, kind } = task;
    const { done, total } = countOf(task);
    const left = task.seconds_left === null ? '' : `, ${toDuration(task.seconds_left)} left`;
    terminal.print(
      `${task.id}  ${kind} ${state}  ${done}/${total}, ${counts.failed} failed, ${counts.unchanged} as before · ${task.documents_per_second.toFixed(1)}/s${left}  ${dim(task.created_at)}`,
    );
    if (task.failure !== null) terminal.print(`    ${red(task.failure.message)} ${dim(`(${task.failure.code})`)}`);
  }
}

function printFailures(terminal: Terminal, taskId: string, failed: readonly ItemView[]): void {
  const { red, dim } = terminal.colours;
  for (const { filename, failure } of failed) terminal.print(`${red('Failed')} ${filename}: ${failure?.message ?? ''}`);
  if (failed.length > 0) terminal.print(dim(`Try them again: ./nexus tasks retry ${taskId}`));
}
