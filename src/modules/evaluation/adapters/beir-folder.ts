import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError, isAppError } from '#platform/errors.ts';
import { parseEntry, parseJudgement, parseQuery } from '../parse-benchmark.ts';
import type { Benchmark, BenchmarkReader } from '../ports.ts';

/** Reads folders in the layout of BEIR: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv` or `qrels/test.tsv`, each also `.gz`. */
export function createBeirFolderReader({ maxLines }: { maxLines: number }): BenchmarkReader {
  return {
    async read(directory, signal): Promise<Benchmark> {
      const files = await Promise.all([
        findFile(directory, ['corpus.jsonl']),
        findFile(directory, ['queries.jsonl']),
        findFile(directory, ['qrels.tsv', join('qrels', 'test.tsv')]),
      ]);
      const [corpusFile, queriesFile, qrelsFile] = files;
      const entries = await parseLines(corpusFile, parseEntry, { maxLines, signal });
      const queries = await parseLines(queriesFile, parseQuery, { maxLines, signal });
      const judgements = await parseLines(qrelsFile, parseJudgement, { maxLines, signal });
      refuseRepeatedIds(corpusFile, entries);
      refuseRepeatedIds(queriesFile, queries);
      return { entries, queries, judgements };
    },
  };
}

async function findFile(directory: string, names: readonly string[]): Promise<string> {
  for (const name of names.flatMap((plain) => [plain, `${plain}.gz`])) {
    const path = join(directory, name);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new AppError(
    'BENCHMARK_FILE_MISSING',
    'not-found',
    `The benchmark folder ${directory} has no ${names[0]} and no ${names[0]}.gz.`,
    { details: { directory, file: names[0] } },
  );
}

type LineOptions = { maxLines: number; signal: AbortSignal };

async function parseLines<Parsed>(
  path: string,
  parse: (line: string, isFirst: boolean) => Parsed | undefined,
  { maxLines, signal }: LineOptions,
): Promise<Parsed[]> {
  const parsed: Parsed[] = [];
  let number = 0;
  try {
    for await (const line of linesOf(path)) {
      signal.throwIfAborted();
      number += 1;
      if (number > maxLines) throw tooLarge(path, maxLines);
      if (line.trim() === '') continue;
      const value = parse(line, number === 1);
      if (value !== undefined) parsed.push(value);
    }
  } catch (cause) {
    if (isAppError(cause) || signal.aborted) throw cause;
    throw invalidLine(path, Math.max(number, 1), cause);
  }
  return parsed;
}

function linesOf(path: string): AsyncIterable<string> {
  const file = createReadStream(path);
  // `pipeline` hands an error of the file on to whoever reads the lines; readline alone would stop silently.
  const input = path.endsWith('.gz')
    ? pipeline(file, createGunzip(), ignore)
    : pipeline(file, new PassThrough(), ignore);
  return createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}

/** The same error reaches the reader of the lines, who reports it. */
function ignore(): void {}

function refuseRepeatedIds(path: string, items: readonly { id: string }[]): void {
  const seen = new Set<string>();
  for (const { id } of items) {
    if (seen.has(id)) {
      throw new AppError('BENCHMARK_LINE_INVALID', 'invalid', `${basename(path)} has the id ${id} twice.`, {
        details: { file: path, id },
      });
    }
    seen.add(id);
  }
}

function invalidLine(path: string, line: number, cause: unknown): AppError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AppError('BENCHMARK_LINE_INVALID', 'invalid', `${path}:${line} cannot be read: ${why}.`, {
    details: { file: path, line },
    cause,
  });
}

function tooLarge(path: string, maxLines: number): AppError {
  return new AppError(
    'BENCHMARK_TOO_LARGE',
    'too-large',
    `${path} has more than ${maxLines} lines, the limit in evaluation.maxLines.`,
    { details: { file: path, maxLines } },
  );
}
