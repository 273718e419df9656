import type { Format } from '../../ports.ts';
import { findMainPart, type Relation, readOwnTitle, readRelations } from '../office/office-package.ts';
import { createOfficeWriter, toOneLine } from '../office/office-writer.ts';
import { findAllXml, visitXml, type XmlElement } from '../office/read-xml.ts';
import { openZip, type Zip } from '../office/read-zip.ts';
import { type DocxReading, writeBlock } from './docx-body.ts';
import { readInline } from './docx-inline.ts';
import { createNumbering } from './docx-numbering.ts';
import { readParagraphStyles, readPart } from './docx-styles.ts';

/**
 * Word: headings with their numbers, lists, tables, equations, notes and comments in reading order; headers and footers
 * once, at the end. Pages are those that Word counted when it last saved the file.
 */
export const docxFormat: Format = {
  name: 'docx',
  version: 1,
  extensions: ['docx', 'docm', 'dotx'],
  mediaTypes: ['application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  async parse(bytes) {
    const zip = await openZip(bytes);
    const part = await findMainPart(zip, 'word/document.xml');
    const relations = await readRelations(zip, part);
    const partOf = (type: string): string | undefined => relations.find((relation) => relation.type === type)?.target;
    const comments = await readComments(zip, partOf('comments'));
    const reading: DocxReading = {
      writer: createOfficeWriter(),
      styles: await readParagraphStyles(zip, partOf('styles')),
      numbering: createNumbering(await readPart(zip, partOf('numbering'))),
      commentOf: (id) => comments.get(id),
      notes: new Map(),
      pagesSeen: 0,
    };
    const warnings = await writeBody(zip, part, reading);
    reading.writer.page = undefined;
    await writeNotes(zip, { footnote: partOf('footnotes'), endnote: partOf('endnotes') }, reading);
    await writeMargins(zip, relations, reading);
    const { text, blocks } = reading.writer.build();
    return {
      title: (await readOwnTitle(zip)) ?? reading.writer.mainHeading,
      text,
      blocks: reading.pagesSeen > 0 ? blocks : blocks.map(({ page, ...block }) => block),
      warnings,
    };
  },
};

const bodyParts = new Set(['w:p', 'w:tbl', 'm:oMathPara', 'w:del', 'w:moveFrom', 'w:sdtPr', 'w:sectPr']);

async function writeBody(zip: Zip, part: string, reading: DocxReading): Promise<string[]> {
  const warnings: string[] = [];
  await visitXml(zip.stream(part), {
    isPart: (name) => bodyParts.has(name) || name === 'mc:AlternateContent',
    visit: (element) => writeBlock(element, reading),
    enter(name) {
      if (name === 'w:altChunk') warnings.push('A file that is embedded as a piece of the text was not read.');
    },
  });
  return warnings;
}

async function readComments(zip: Zip, part: string | undefined): Promise<Map<string, string>> {
  const comments = new Map<string, string>();
  if (part === undefined) return comments;
  await visitXml(zip.stream(part), {
    isPart: (name) => name === 'w:comment',
    visit(comment) {
      const text = plainText(comment);
      const author = toOneLine(comment.attributes['w:author'] ?? '');
      if (text !== '') comments.set(comment.attributes['w:id'] ?? '', `Comment${author && ` by ${author}`}: ${text}`);
    },
  });
  return comments;
}

function plainText(element: XmlElement): string {
  const context = { noteMark: () => '' };
  const lines = findAllXml(element, 'w:p').map((paragraph) => toOneLine(readInline(paragraph, context).text));
  return lines.filter((line) => line !== '').join(' ');
}

async function writeNotes(
  zip: Zip,
  parts: Record<'footnote' | 'endnote', string | undefined>,
  { notes, writer }: DocxReading,
): Promise<void> {
  if (notes.size === 0) return;
  const texts = new Map<string, string>();
  for (const kind of ['footnote', 'endnote'] as const) {
    const part = parts[kind];
    if (part === undefined) continue;
    await visitXml(zip.stream(part), {
      isPart: (name) => name === `w:${kind}`,
      visit: (note) => texts.set(`${kind} ${note.attributes['w:id']}`, plainText(note)),
    });
  }
  for (const [key, number] of notes) {
    const text = texts.get(key);
    if (text) writer.paragraph(`[^${number}]: ${text}`);
  }
}

const maxMargins = 200;

/** Headers and footers are the same on every page and often in every section: each text is written once. */
async function writeMargins(zip: Zip, relations: readonly Relation[], reading: DocxReading): Promise<void> {
  const seen = new Set<string>();
  const margins = relations.filter(({ type }) => type === 'header' || type === 'footer').slice(0, maxMargins);
  for (const { target } of margins) {
    const root = await readPart(zip, target);
    if (root === undefined) continue;
    const text = plainText(root);
    if (seen.has(text) || !/[\p{L}\p{N}]/u.test(text)) continue;
    seen.add(text);
    reading.writer.paragraph(text);
  }
}
