import { AppError } from '#platform/errors.ts';
import { toCanonicalText } from '../../parsing/canonical-text.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import { scanMarkdown } from '../../parsing/scan-markdown.ts';
import type { Format } from '../../ports.ts';
import { createOfficeWriter, type OfficeWriter } from '../office/office-writer.ts';
import { damaged } from '../office/read-zip.ts';

/** Jupyter notebooks: Markdown cells as written, code cells as code, what they printed after them; no images. */
export const ipynbFormat: Format = {
  name: 'ipynb',
  version: 1,
  extensions: ['ipynb'],
  mediaTypes: ['application/x-ipynb+json'],
  parse(bytes) {
    const { text: source, warnings } = decodeText(bytes);
    const notebook = readNotebook(source);
    const language =
      textOf(notebook, 'metadata', 'language_info', 'name') || textOf(notebook, 'metadata', 'kernelspec', 'language');
    const writer = createOfficeWriter();
    for (const cell of cellsOf(notebook)) writeCell(cell, language.replace(/[^\w+#-]/g, ''), writer);
    const { text, blocks } = writer.build();
    if (blocks.length === 0)
      throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The notebook has no cell with text.');
    return { title: textOf(notebook, 'metadata', 'title') || writer.mainHeading, text, blocks, warnings };
  },
};

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readNotebook(source: string): Json {
  let parsed: unknown;
  try {
    parsed = JSON.parse(source.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw damaged('The notebook is no valid JSON; it may be cut off.', cause);
  }
  if (isObject(parsed) && (Array.isArray(parsed.cells) || Array.isArray(parsed.worksheets))) return parsed;
  throw damaged('The file is JSON and no notebook: it has no cells.');
}

/** The cells; before version 4 they were kept in worksheets. */
function cellsOf(notebook: Json): Json[] {
  const groups = Array.isArray(notebook.cells) ? [notebook] : (notebook.worksheets as unknown[]).filter(isObject);
  return groups.flatMap(({ cells }) => (Array.isArray(cells) ? cells.filter(isObject) : []));
}

/** Text is a string or a list of lines. */
function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? value.filter((line) => typeof line === 'string').join('') : '';
}

function textOf(value: Json, ...path: string[]): string {
  let found: unknown = value;
  for (const step of path) found = isObject(found) ? found[step] : undefined;
  return typeof found === 'string' ? found.slice(0, 500) : '';
}

function writeCell(cell: Json, language: string, writer: OfficeWriter): void {
  const source = toText(cell.source ?? cell.input);
  if (cell.cell_type === 'markdown') writeMarkdown(source, writer);
  else if (cell.cell_type === 'heading') writer.heading(Number(cell.level) || 1, source);
  else if (cell.cell_type === 'code') {
    writer.code(source, language);
    for (const output of Array.isArray(cell.outputs) ? cell.outputs : []) {
      if (isObject(output)) writeOutput(output, writer);
    }
  } else writer.paragraph(source);
}

function writeMarkdown(source: string, writer: OfficeWriter): void {
  const text = toCanonicalText(source);
  for (const { kind, start, end, level } of scanMarkdown(text).blocks)
    writer.asWritten(kind, text.slice(start, end), level);
}

/** Terminal colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with the control character ESC.
const colours = /\u001B\[[\d;]*m/g;

function writeOutput(output: Json, writer: OfficeWriter): void {
  const data = isObject(output.data) ? output.data : output;
  const markdown = toText(data['text/markdown']);
  if (markdown !== '') {
    writeMarkdown(markdown, writer);
    return;
  }
  const error = typeof output.ename === 'string' ? `${output.ename}: ${toText(output.evalue)}` : '';
  writer.code((toText(output.text) || toText(data['text/plain']) || error).replaceAll(colours, ''));
}
