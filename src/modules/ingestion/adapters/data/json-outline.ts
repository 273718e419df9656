/** Writes a JSON value as an indented outline that people and language models read without brackets. */
import { AppError } from '#platform/errors.ts';
import type { TextBuilder } from '../../parsing/text-builder.ts';

const digits = Symbol('digits');

/** A number, as it is written in the source. */
type JsonNumber = { [digits]: string };
export type JsonValue = string | boolean | null | JsonNumber | JsonValue[] | { [name: string]: JsonValue };

export const toJsonNumber = (source: string): JsonNumber => ({ [digits]: source });

const deepest = 100;
/** An outline is cut into blocks of about this many characters, between lines. */
const blockCharacters = 4_000;

/** Elements of a top-level list are blocks of their own. Throws DOCUMENT_DAMAGED when values nest too deeply. */
export function writeJsonOutline(value: JsonValue, out: TextBuilder): void {
  const records = Array.isArray(value) && value.some(isContainer) ? value : [value];
  for (const record of records) {
    let lines: string[] = [];
    let characters = 0;
    for (const line of linesOf(record, '', 0)) {
      lines.push(line);
      characters += line.length;
      if (characters < blockCharacters) continue;
      out.add('code', lines.join('\n'));
      lines = [];
      characters = 0;
    }
    out.add('code', lines.join('\n'));
  }
}

const isNumber = (value: JsonValue): value is JsonNumber =>
  typeof value === 'object' && value !== null && digits in value;

const isContainer = (value: JsonValue): boolean => typeof value === 'object' && value !== null && !isNumber(value);

function* linesOf(value: JsonValue, indent: string, depth: number): Generator<string> {
  if (depth > deepest) {
    throw new AppError('DOCUMENT_DAMAGED', 'invalid', `The file nests more than ${deepest} values into each other.`);
  }
  if (!isContainer(value)) {
    yield `${indent}${toWords(value, indent)}`;
  } else if (Array.isArray(value)) {
    for (const element of value) yield* namedLines('-', element, indent, depth);
  } else {
    for (const [name, element] of Object.entries(value as { [name: string]: JsonValue }))
      yield* namedLines(`${name}:`, element, indent, depth);
  }
}

function* namedLines(name: string, value: JsonValue, indent: string, depth: number): Generator<string> {
  if (!isContainer(value)) {
    yield `${indent}${name} ${toWords(value, indent)}`;
    return;
  }
  let isFirst = true;
  for (const line of linesOf(value, `${indent}  `, depth + 1)) {
    // An element of a list begins on the line of its dash, everything named below its name.
    if (name === '-' && isFirst) yield `${indent}- ${line.trimStart()}`;
    else {
      if (isFirst) yield `${indent}${name}`;
      yield line;
    }
    isFirst = false;
  }
  if (isFirst) yield `${indent}${name} (none)`;
}

function toWords(value: JsonValue, indent: string): string {
  if (typeof value === 'string') return value.includes('\n') ? value.replaceAll('\n', `\n${indent}  `) : value;
  return isNumber(value) ? value[digits] : String(value);
}
