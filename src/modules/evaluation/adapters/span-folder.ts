import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import Papa from 'papaparse';
import { z } from 'zod';
import { AppError } from '#platform/errors.ts';
import type { SpanBenchmark, SpanBenchmarkReader, SpanDocument, SpanQuestion } from '../chunking/ports.ts';

const unzip = promisify(gunzip);
const questionsFile = 'questions_df.csv';
const corpusFile = /^(.{1,200})\.(md|txt)(?:\.gz)?$/;
const maxFileBytes = 256 * 2 ** 20;

const referenceList = z.array(
  z.object({ content: z.string(), start_index: z.int().min(0), end_index: z.int().min(0) }),
);
const questionRow = z.object({ question: z.string().min(1), references: z.string(), corpus_id: z.string() });

/**
 * Reads folders in the layout of Chroma's chunking evaluation: `corpora/NAME.md`, and `questions_df.csv` with the columns
 * question, references (JSON with offsets in code points) and corpus_id; each also as `.gz`.
 */
export function createSpanFolderReader({ maxLines }: { maxLines: number }): SpanBenchmarkReader {
  return {
    async read(directory, signal): Promise<SpanBenchmark> {
      const documents = await readDocuments(join(directory, 'corpora'), signal);
      const text = await readText(directory, questionsFile);
      signal.throwIfAborted();
      const { data } = Papa.parse<unknown>(text, { header: true, skipEmptyLines: true });
      if (data.length > maxLines) throw tooLarge(questionsFile, maxLines);
      const offsets = new Map(documents.map((document) => [document.id, createOffsetReader(document.text)]));
      return { documents, questions: data.map((row, index) => toQuestion(row, index + 2, offsets)) };
    },
  };
}

async function readDocuments(directory: string, signal: AbortSignal): Promise<SpanDocument[]> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw missing(directory, 'corpora', cause);
  });
  const documents: SpanDocument[] = [];
  for (const name of names.sort()) {
    signal.throwIfAborted();
    const [, id, ending] = corpusFile.exec(name) ?? [];
    if (id === undefined) continue;
    const filename = `${id}.${ending}`;
    documents.push({ id, filename, text: await readText(directory, filename) });
  }
  if (documents.length === 0) throw missing(directory, 'any .md');
  return documents;
}

async function readText(directory: string, name: string): Promise<string> {
  const plain = await readFile(join(directory, name)).catch(() => undefined);
  if (plain !== undefined) return plain.toString('utf8');
  const packed = await readFile(join(directory, `${name}.gz`)).catch((cause: unknown) => {
    throw missing(directory, name, cause);
  });
  const bytes = await unzip(packed, { maxOutputLength: maxFileBytes }).catch((cause: unknown) => {
    throw invalidLine(`${name}.gz`, 1, cause);
  });
  return bytes.toString('utf8');
}

type OffsetReader = (codePoints: number) => number;

function toQuestion(row: unknown, line: number, offsets: ReadonlyMap<string, OffsetReader>): SpanQuestion {
  try {
    const { question, references, corpus_id: documentId } = questionRow.parse(row);
    const toOffset = offsets.get(documentId);
    if (toOffset === undefined) throw new RangeError(`there is no corpus ${documentId}`);
    return {
      text: question,
      documentId,
      references: referenceList
        .parse(JSON.parse(references))
        .map(({ content, start_index }) => ({ content, start: toOffset(start_index) })),
    };
  } catch (cause) {
    throw invalidLine(questionsFile, line, cause);
  }
}

/** From offsets in code points, as Python counts them, to UTF-16 code units. */
function createOffsetReader(text: string): OffsetReader {
  const pairs: number[] = [];
  let codePoints = 0;
  for (const character of text) {
    if (character.length === 2) pairs.push(codePoints);
    codePoints += 1;
  }
  return (offset) => {
    const index = pairs.findIndex((at) => at >= offset);
    return offset + (index < 0 ? pairs.length : index);
  };
}

function missing(directory: string, file: string, cause?: unknown): AppError {
  const message = `The benchmark folder ${directory} has no ${file} and no ${file}.gz.`;
  return new AppError('BENCHMARK_FILE_MISSING', 'not-found', message, { details: { directory, file }, cause });
}

function invalidLine(file: string, line: number, cause: unknown): AppError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AppError('BENCHMARK_LINE_INVALID', 'invalid', `${file}:${line} cannot be read: ${why}.`, {
    details: { file, line },
    cause,
  });
}

function tooLarge(file: string, maxLines: number): AppError {
  const message = `${file} has more than ${maxLines} lines, the limit in evaluation.maxLines.`;
  return new AppError('BENCHMARK_TOO_LARGE', 'too-large', message, { details: { file, maxLines } });
}
