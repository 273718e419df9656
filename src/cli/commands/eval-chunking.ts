import { chunkerNames, formatChunkingReport, openChunkingEvaluation } from '#app/open-evaluation.ts';
import { AppError } from '#platform/errors.ts';
import type { CommandContext } from '../command.ts';
import { createNoteLogger } from '../note-logger.ts';

export type EvalChunkingOptions = {
  data: string;
  chunker?: string | undefined;
  tokens?: string | undefined;
  overlap?: string | undefined;
};

/** Measures whether what a search finds holds the sentences that answer, with each chunker at the sizes configured. */
export async function runEvalChunking(context: CommandContext, options: EvalChunkingOptions): Promise<undefined> {
  const { config, terminal, asJson } = context;
  const named = chunkerNames.filter((name) => options.chunker === undefined || options.chunker === name);
  if (named.length === 0) {
    const message = `--chunker takes one of: ${chunkerNames.join(', ')}.`;
    throw new AppError('CHUNKER_UNKNOWN', 'invalid', message);
  }
  const maxTokens = toSize(options.tokens, '--tokens', { fallback: config.ingestion.chunkTokens, least: 50 });
  const overlapTokens = toSize(options.overlap, '--overlap', { fallback: config.ingestion.overlapTokens, least: 0 });
  const { evaluation, chunkers } = await openChunkingEvaluation(config, createNoteLogger(terminal));
  const report = await evaluation.evaluateChunking({
    directory: options.data,
    chunkers: chunkers(named, { maxTokens, overlapTokens }),
    signal: new AbortController().signal,
  });
  if (asJson) terminal.printJson(report);
  else terminal.print(formatChunkingReport(report));
}

const mostTokens = 8_000;

function toSize(given: string | undefined, option: string, { fallback, least }: { fallback: number; least: number }) {
  if (given === undefined) return fallback;
  const size = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (size >= least && size <= mostTokens) return size;
  throw new AppError('CHUNK_SIZE_INVALID', 'invalid', `${option} takes a number from ${least} to ${mostTokens}.`);
}
