import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { htmlFormat } from '../../adapters/html/html-format.ts';
import { pdfFormat } from '../../adapters/pdf/pdf-format.ts';
import { markdownFormat } from '../../adapters/text/markdown-format.ts';
import { textFormat } from '../../adapters/text/text-format.ts';
import { titleFromFilename } from '../../parsing/document-title.ts';
import { parseDocument } from '../../parsing/parse-document.ts';
import type { Format, ParsedDocument } from '../../ports.ts';

export type TestDocument = {
  document: ParsedDocument;
  hints: { title: string; filename: string; mediaType: string };
};

/** A document of the test data, read as the product does; `expected/a.docx.md` stands for the `a.docx` that it is made of. */
export async function readTestDocument(data: string, file: string): Promise<TestDocument> {
  const bytes = readFileSync(join(data, file));
  return toTestDocument(file.replace(/\.gz$/, ''), file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

export async function toTestDocument(path: string, bytes: Uint8Array): Promise<TestDocument> {
  const format = formatOf(path);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const filename = path.includes('/expected/') ? name.replace(/(\.\w+)\.md$/, '$1') : path;
  const document = await parseDocument(format, bytes, { filename: name });
  const title = document.title ?? titleFromFilename(filename);
  return { document, hints: { title, filename, mediaType: format.mediaTypes[0] ?? '' } };
}

function formatOf(path: string): Format {
  if (path.endsWith('.pdf')) return pdfFormat;
  if (path.endsWith('.html')) return htmlFormat;
  return path.endsWith('.md') ? markdownFormat : textFormat;
}

/** The files of a plain tar archive. */
export function* readTar(archive: Buffer): Generator<{ path: string; bytes: Buffer }> {
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const field = (from: number, to: number): string =>
      archive.toString('utf8', at + from, at + to).replace(/\0.*$/s, '');
    const size = Number.parseInt(field(124, 136), 8);
    const isFile = ['0', ''].includes(field(156, 157));
    if (isFile) yield { path: field(0, 100), bytes: archive.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
