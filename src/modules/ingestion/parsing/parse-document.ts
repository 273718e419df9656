/** One file to one checked document: what a format returns is not believed before it keeps the promises of `ParsedDocument`. */
import { AppError, assert } from '#platform/errors.ts';
import type { Block, Format, FormatHints, ParsedDocument } from '../ports.ts';
import { isBlank, toCanonicalText } from './canonical-text.ts';
import { toTitle } from './document-title.ts';

/** Throws DOCUMENT_EMPTY, DOCUMENT_DAMAGED, DOCUMENT_WITHOUT_TEXT and what the format throws. */
export async function parseDocument(format: Format, bytes: Uint8Array, hints: FormatHints): Promise<ParsedDocument> {
  if (bytes.byteLength === 0) throw new AppError('DOCUMENT_EMPTY', 'invalid', 'The file is empty.');
  if (format.matches?.(bytes) === false) {
    throw new AppError(
      'DOCUMENT_DAMAGED',
      'invalid',
      `The file is named like ${format.name} and its content is not ${format.name}.`,
    );
  }
  const parsed = await format.parse(bytes, hints);
  assert(parsed.text === toCanonicalText(parsed.text), `the format ${format.name} must return canonical text`);
  assertOrdered(parsed.blocks, parsed.text.length, format.name);
  if (isBlank(parsed.text)) throw new AppError('DOCUMENT_EMPTY', 'invalid', 'The file holds nothing but white space.');
  if (!parsed.blocks.some(({ start, end }) => !isBlank(parsed.text.slice(start, end)))) {
    throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The file holds no text that could be searched.');
  }
  const title = parsed.title === undefined ? undefined : toTitle(toCanonicalText(parsed.title)) || undefined;
  return { ...parsed, title };
}

function assertOrdered(blocks: readonly Block[], length: number, format: string): void {
  let end = 0;
  for (const block of blocks) {
    assert(
      block.start >= end && block.end > block.start && block.end <= length,
      `blocks of ${format} must be in order`,
    );
    end = block.end;
  }
}
