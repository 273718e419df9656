import { AppError } from '#platform/errors.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import { createTextBuilder } from '../../parsing/text-builder.ts';
import type { Format } from '../../ports.ts';
import { type JsonValue, toJsonNumber, writeJsonOutline } from './json-outline.ts';

/** JSON and JSON lines: an outline of names and values, a block a record. Numbers stay as they are written. */
export const jsonFormat: Format = {
  name: 'json',
  version: 1,
  extensions: ['json', 'jsonl', 'ndjson', 'geojson'],
  mediaTypes: ['application/json', 'application/x-ndjson'],
  parse(bytes, { filename }) {
    const { text, warnings } = decodeText(bytes);
    const source = text.replace(/^\uFEFF/, '');
    const values = /\.(?:jsonl|ndjson)$/i.test(filename) ? parseLines(source) : parseWhole(source);
    const builder = createTextBuilder();
    for (const value of values) writeJsonOutline(value, builder);
    const { text: outline, blocks } = builder.build();
    if (blocks.length === 0) throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The file holds no values.');
    return { title: titleOf(values), text: outline, blocks, warnings };
  },
};

/** A `.json` that is no JSON may be JSON lines: many programs name them so. */
function parseWhole(source: string): JsonValue[] {
  try {
    return [parseJson(source)];
  } catch (error) {
    const firstLine = source.slice(0, Math.max(0, source.indexOf('\n')));
    if (firstLine.trim() === '' || !isJson(firstLine)) throw damaged('The file is no valid JSON', error);
    return parseLines(source);
  }
}

function parseLines(source: string): JsonValue[] {
  return source.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [parseJson(line)];
    } catch (error) {
      throw damaged(`Line ${index + 1} is no valid JSON`, error);
    }
  });
}

function isJson(source: string): boolean {
  try {
    return typeof parseJson(source) === 'object';
  } catch {
    // Not JSON is an answer here.
    return false;
  }
}

/** Numbers keep their digits: 12345678901234567890 and 1.10 would change on their way through a float. */
function parseJson(source: string): JsonValue {
  return JSON.parse(source, (_, value, context?: { source?: string }) =>
    typeof value === 'number' ? toJsonNumber(context?.source ?? String(value)) : value,
  );
}

function damaged(what: string, cause: unknown): AppError {
  const why = cause instanceof RangeError ? 'it nests too deeply' : shortReason(cause);
  return new AppError('DOCUMENT_DAMAGED', 'invalid', `${what}: ${why}.`, { cause });
}

/** The engine's own words up to where it quotes the file. */
function shortReason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  return /^[\w\s'"-]{1,60}?(?= in JSON| at position|,|$)/.exec(message)?.[0] ?? 'it breaks off or has a syntax error';
}

function titleOf([value, ...others]: readonly JsonValue[]): string | undefined {
  if (others.length > 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { title, name } = value as { title?: JsonValue; name?: JsonValue };
  return [title, name].find((candidate) => typeof candidate === 'string');
}
