import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { SingleBar } from 'cli-progress';
import * as formats from '#app/formats.ts';
import type { UploadReply } from '#modules/corpus/contract.ts';
import { AppError, type ErrorKind, isAppError } from '#platform/errors.ts';
import type { CommandContext } from '../command.ts';
import type { Connection } from '../connection.ts';
import { exitCodes } from '../exit-codes.ts';
import { type FoundFile, findFiles } from '../find-files.ts';

export type IngestOptions = { collection?: string | undefined };

export type IngestReport = {
  created: number;
  updated: number;
  unchanged: number;
  failed: { file: string; code: string; message: string }[];
  /** What had to be guessed while reading. */
  warnings: { file: string; message: string }[];
  /** Files left out because no format reads their ending, by ending. */
  skipped: Record<string, number>;
  chunks: number;
  seconds: number;
  /** Give it to a search that must see all of this. */
  position: string | undefined;
};

/** So that a line of the progress bar stays one line. */
const longestShownName = 30;

const endingKinds: ReadonlySet<ErrorKind> = new Set(['unauthenticated', 'forbidden', 'storage-full']);

/** Files on their way at the same time: enough to keep a parser and the database busy at once. */
const concurrency = 4;

/** Sends every file of a folder, or one file, and tells what became of each. */
export async function ingest(context: CommandContext, target: string, options: IngestOptions): Promise<IngestReport> {
  const startedMs = performance.now();
  const found = await findFiles(
    target,
    Object.values(formats).flatMap((format) => format.extensions),
  );
  const report: IngestReport = {
    created: 0,
    updated: 0,
    unchanged: 0,
    failed: [],
    warnings: [],
    skipped: found.skipped,
    chunks: 0,
    seconds: 0,
    position: undefined,
  };
  const connection = await context.connect();
  const progress = startProgress(context, found.files.length);
  const waiting = [...found.files];
  async function sendSome(): Promise<void> {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      await sendOne({ context, connection, file, options, report });
      progress.advance(file.name);
    }
  }
  try {
    await Promise.all(Array.from({ length: concurrency }, sendSome));
  } finally {
    waiting.length = 0;
    progress.stop();
  }
  report.seconds = (performance.now() - startedMs) / 1000;
  return report;
}

export async function runIngest(context: CommandContext, target: string, options: IngestOptions): Promise<number> {
  const report = await ingest(context, target, options);
  if (context.asJson) context.terminal.printJson(report);
  else printReport(context, report);
  return report.failed.length > 0 ? exitCodes.invalid : 0;
}

type Sending = {
  context: CommandContext;
  connection: Connection;
  file: FoundFile;
  options: IngestOptions;
  report: IngestReport;
};

async function sendOne({ context, connection, file, options, report }: Sending): Promise<void> {
  try {
    const reply = await connection.call<UploadReply>({
      method: 'POST',
      path: '/api/v1/documents',
      query: { filename: file.name, external_id: file.path, collection_id: options.collection },
      body: await readWithin(file, context.config.ingestion.maxFileBytes),
    });
    report[reply.outcome] += 1;
    report.chunks += reply.chunks;
    report.position = reply.position;
    report.warnings.push(...reply.warnings.map((message) => ({ file: file.name, message })));
  } catch (error) {
    // A file that fails is one line of the report; what the next file would meet as well is the end.
    if (!isAppError(error) || endingKinds.has(error.kind) || error.code === 'SERVER_UNREACHABLE') throw error;
    report.failed.push({ file: file.name, code: error.code, message: error.message });
  }
}

async function readWithin(file: FoundFile, maxBytes: number): Promise<Buffer> {
  const { size } = await stat(file.path);
  if (size <= maxBytes) return readFile(file.path);
  throw new AppError(
    'DOCUMENT_TOO_LARGE',
    'too-large',
    `The file has ${size} bytes; at most ${maxBytes} are taken. Split it, or raise NEXUS_INGESTION__MAX_FILE_BYTES.`,
  );
}

function startProgress({ terminal, asJson }: CommandContext, total: number) {
  if (asJson || !terminal.isInteractive) return { advance: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    format: '{bar} {value}/{total} · {duration_formatted} · {eta_formatted} left · {file}',
    clearOnComplete: true,
    // Else the first Ctrl-C would only stop the bar; nothing of the terminal is changed, so nothing is left behind.
    gracefulExit: false,
    linewrap: true,
  });
  bar.start(total, 0, { file: '' });
  return { advance: (file: string) => bar.increment({ file: file.slice(-longestShownName) }), stop: () => bar.stop() };
}

function printReport({ terminal }: CommandContext, report: IngestReport): void {
  const { green, red, yellow, dim } = terminal.colours;
  const { created, updated, unchanged, failed, skipped, chunks, seconds } = report;
  terminal.print(
    `${green('Done')} ${created} new, ${updated} changed, ${unchanged} as before, ${failed.length} failed · ${chunks} chunks · ${seconds.toFixed(1)} s`,
  );
  const left = Object.entries(skipped).map(([ending, count]) => `${count} × ${ending}`);
  if (left.length > 0) terminal.print(dim(`Left out, because no format reads them: ${left.join(', ')}.`));
  for (const { file, message } of report.warnings)
    terminal.print(`${yellow('Note')} ${path.normalize(file)}: ${message}`);
  for (const { file, message } of failed) terminal.print(`${red('Failed')} ${path.normalize(file)}: ${message}`);
}
