import type { TaskView } from '#modules/ingestion/contract.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { interruptedExitCode, listenForInterrupt } from '../exit-interrupted.ts';
import { followTask } from '../ingesting/follow-task.ts';
import { printFailures, printTasks, retryHint } from '../ingesting/print-tasks.ts';
import { requireId } from '../ingesting/require-id.ts';
import { collect, readTask, taskItems } from '../ingesting/task-lists.ts';
import { startProgress } from '../ingesting/task-progress.ts';

export type ListTasksOptions = { limit: string; state?: string | undefined; source?: string | undefined };

const listCommand = './nexus tasks list';

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
  requireId(taskId, listCommand);
  const connection = await context.connect();
  const task = await readTask(connection, taskId);
  const failed = await collect(taskItems(connection, taskId, 'failed'));
  if (context.asJson) context.terminal.printJson({ ...task, failed });
  else {
    printTasks(context.terminal, [task]);
    printFailures(context.terminal, failed, retryHint(taskId));
  }
}

export async function runTasksCancel(context: CommandContext, taskId: string): Promise<undefined> {
  requireId(taskId, listCommand);
  const connection = await context.connect();
  const task = await connection.call<TaskView>({ method: 'POST', path: `/api/v1/tasks/${taskId}/cancel` });
  if (context.asJson) context.terminal.printJson(task);
  else printTasks(context.terminal, [task]);
}

export async function runTasksRetry(context: CommandContext, taskId: string): Promise<number> {
  requireId(taskId, listCommand);
  const connection = await context.connect();
  const { task_id: retried, items } = await connection.call<{ task_id: string; items: number }>({
    method: 'POST',
    path: `/api/v1/tasks/${taskId}/retry`,
  });
  if (!context.asJson && items === 0) {
    context.terminal.print('Nothing of this task has failed, so there is nothing to try again.');
    return 0;
  }
  if (!context.asJson) context.terminal.print(`Documents that are tried again: ${items}.`);
  return runTasksFollow(context, retried);
}

/** Waits for the end of a task; Ctrl-C ends the waiting only. */
export async function runTasksFollow(context: CommandContext, taskId: string): Promise<number> {
  requireId(taskId, listCommand);
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
  const failed = await collect(taskItems(connection, taskId, 'failed'));
  if (asJson) terminal.printJson({ ...ended, failed });
  else {
    printTasks(terminal, [ended]);
    printFailures(terminal, failed, retryHint(taskId));
  }
  return failed.length > 0 || ended.state !== 'completed' ? exitCodes.invalid : 0;
}
