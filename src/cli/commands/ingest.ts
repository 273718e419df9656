import path from 'node:path';
import * as formats from '#app/formats.ts';
import type { TaskView } from '#modules/ingestion/contract.ts';
import type { CommandContext } from '../command.ts';
import type { Connection } from '../connection.ts';
import { exitCodes } from '../exit-codes.ts';
import { interruptedExitCode, listenForInterrupt } from '../exit-interrupted.ts';
import { type FileFailure, type FoundFiles, findFiles } from '../ingesting/find-files.ts';
import { followTask } from '../ingesting/follow-task.ts';
import { sendFiles } from '../ingesting/send-files.ts';
import { taskItems } from '../ingesting/task-lists.ts';
import { startProgress, type TaskProgress } from '../ingesting/task-progress.ts';
import { createOutcome, type UploadOutcome } from '../ingesting/upload-outcome.ts';

export type IngestOptions = { collection?: string | undefined };

export type IngestReport = UploadOutcome & {
  /** See `./nexus tasks show`. */
  task_id: string;
  failed: FileFailure[];
  /** What had to be guessed while reading. */
  warnings: { file: string; message: string }[];
  /** Files left out because no format reads their ending, by ending; under `link` links, which are not followed. */
  skipped: Record<string, number>;
  seconds: number;
  /** Of the failed ones those that the server has and can try again. */
  retryable: number;
  /** True: somebody pressed Ctrl-C; what was sent is processed all the same. */
  interrupted: boolean;
  /** Files that were not sent any more. */
  left: number;
};

/** Sends every file of a folder, or one file, as one task, follows it to its end and tells what became of each. */
export async function ingest(context: CommandContext, target: string, options: IngestOptions): Promise<IngestReport> {
  const startedMs = performance.now();
  const found = await findFiles(
    target,
    Object.values(formats).flatMap((format) => format.extensions),
  );
  const connection = await context.connect();
  const interrupt = listenForInterrupt();
  const progress = startProgress(context);
  try {
    const upload: Upload = { context, connection, found, options, progress, signal: interrupt.signal };
    const { taskId, ended, failures, left } = await sendAndFollow(upload);
    const { outcome, failed, warnings } = await readResults(connection, taskId, ended);
    return {
      task_id: taskId,
      ...outcome,
      failed: [...found.unreadable, ...failures, ...failed],
      retryable: failed.length,
      warnings,
      skipped: found.skipped,
      seconds: (performance.now() - startedMs) / 1000,
      interrupted: ended === undefined,
      left,
    };
  } finally {
    progress.stop();
    interrupt.close();
  }
}

type Results = { outcome: UploadOutcome } & Pick<IngestReport, 'failed' | 'warnings'>;

/** What became of each document; nothing while the task goes on. */
async function readResults(connection: Connection, taskId: string, ended: TaskView | undefined): Promise<Results> {
  const outcome = createOutcome(ended?.counts.unchanged ?? 0);
  const failed: FileFailure[] = [];
  const warnings: IngestReport['warnings'] = [];
  if (ended === undefined) return { outcome: outcome.read(), failed, warnings };
  for await (const item of taskItems(connection, taskId)) {
    const { filename: file, failure } = item;
    outcome.add(item);
    warnings.push(...item.warnings.map((message) => ({ file, message })));
    if (item.state === 'failed') failed.push({ file, code: failure?.code ?? '', message: failure?.message ?? '' });
  }
  return { outcome: outcome.read(), failed, warnings };
}

type Upload = {
  context: CommandContext;
  connection: Connection;
  found: FoundFiles;
  options: IngestOptions;
  progress: TaskProgress;
  signal: AbortSignal;
};

type Uploaded = {
  taskId: string;
  /** Undefined: nobody waited for its end. */
  ended: TaskView | undefined;
  failures: FileFailure[];
  left: number;
};

async function sendAndFollow({ context, connection, found, options, progress, signal }: Upload): Promise<Uploaded> {
  const { id: taskId } = await connection.call<TaskView>({ method: 'POST', path: '/api/v1/tasks', body: {} });
  progress.expect(found.files.length);
  const sending = new AbortController();
  const stop = AbortSignal.any([signal, sending.signal]);
  // The bar moves while files are still being sent. A failure of it is met where it is waited for.
  const following = followTask(connection, taskId, { signal: stop, onProgress: progress.show });
  following.catch(() => undefined);
  const { files } = found;
  try {
    const { sent, failures } = await sendFiles(connection, files, {
      taskId,
      collection: options.collection,
      maxFileBytes: context.config.ingestion.maxFileBytes,
      signal,
    });
    await seal(connection, taskId);
    const ended = await following;
    return { taskId, ended, failures, left: files.length - sent - failures.length };
  } catch (error) {
    sending.abort();
    await following.catch(() => undefined);
    // What was sent is processed all the same; an open task would wait for more for ever. The failure is the one to tell.
    await seal(connection, taskId).catch(() => undefined);
    throw error;
  }
}

async function seal(connection: Connection, taskId: string): Promise<void> {
  await connection.call({ method: 'POST', path: `/api/v1/tasks/${taskId}/seal` });
}

export async function runIngest(context: CommandContext, target: string, options: IngestOptions): Promise<number> {
  const report = await ingest(context, target, options);
  const { url } = await context.connect();
  if (context.asJson) context.terminal.printJson(report);
  else if (report.interrupted) printInterrupted(context, report, url);
  else printReport(context, report);
  if (report.interrupted) return interruptedExitCode;
  return report.failed.length > 0 ? exitCodes.invalid : 0;
}

function printInterrupted({ terminal }: CommandContext, report: IngestReport, url: string | undefined): void {
  const { task_id: taskId, left } = report;
  const who = url === undefined ? 'Whatever `./nexus` command or server runs next goes on' : 'The server goes on';
  terminal.print(`${terminal.colours.yellow('Interrupted')} ${who} with what was sent; nothing of it is lost.`);
  if (left > 0) terminal.print(`${left} files were not sent. Run the same command again for them.`);
  terminal.print(`See how far it is: ./nexus tasks follow ${taskId}`);
}

function printReport({ terminal }: CommandContext, report: IngestReport): void {
  const { green, red, yellow, dim } = terminal.colours;
  const { created, updated, unchanged, failed, skipped, chunks, seconds } = report;
  const rate = (created + updated + unchanged) / Math.max(seconds, 0.001);
  terminal.print(
    `${green('Done')} ${created} new, ${updated} changed, ${unchanged} as before, ${failed.length} failed · ${chunks} chunks · ${seconds.toFixed(1)} s (${rate.toFixed(1)} documents/s)`,
  );
  const { link: links = 0, ...endings } = skipped;
  const left = Object.entries(endings).map(([ending, count]) => `${count} × ${ending}`);
  if (left.length > 0) terminal.print(dim(`Left out, because no format reads them: ${left.join(', ')}.`));
  if (links > 0) terminal.print(dim(`Left out, because links are not followed: ${links}.`));
  for (const { file, message } of report.warnings)
    terminal.print(`${yellow('Note')} ${path.normalize(file)}: ${message}`);
  for (const { file, message } of failed) terminal.print(`${red('Failed')} ${path.normalize(file)}: ${message}`);
  if (failed.length > 0)
    terminal.print(dim('Correct them and run the same command again: what is as before costs nothing.'));
  if (report.retryable > 0) terminal.print(dim(`As they were sent: ./nexus tasks retry ${report.task_id}`));
}
