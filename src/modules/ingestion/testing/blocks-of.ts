/** What a format makes of a file, for tests: its blocks as `kind: text`, checked by `parseDocument` on the way. */
import { parseDocument } from '../parsing/parse-document.ts';
import type { Format, ParsedDocument } from '../ports.ts';

export function read(format: Format, source: string | Uint8Array, filename?: string): Promise<ParsedDocument> {
  return parseDocument(format, Buffer.from(source as string), { filename: filename ?? `x.${format.extensions[0]}` });
}

export async function blocksOf(format: Format, source: string | Uint8Array, filename?: string): Promise<string[]> {
  const { text, blocks } = await read(format, source, filename);
  return blocks.map(({ kind, level, start, end }) => `${kind}${level ?? ''}: ${text.slice(start, end)}`);
}
