import { AppError } from '#platform/errors.ts';
import { createTextBuilder } from '../../parsing/text-builder.ts';
import type { Format } from '../../ports.ts';
import { withoutFurniture } from './pdf-furniture.ts';
import { type PdfLine, type PdfTextItem, toPdfLines } from './pdf-lines.ts';
import { type PdfParagraph, toPdfParagraphs } from './pdf-paragraphs.ts';

/** The part of pdf.js that is used. */
type PdfProxyPage = {
  /** Left, bottom, right, top. */
  view: number[];
  getTextContent(): Promise<{ items: object[] }>;
  cleanup(): void;
};

type PdfDocument = {
  numPages: number;
  getPage(number: number): Promise<PdfProxyPage>;
  getMetadata(): Promise<{ info: object }>;
};

/** PDF: text with page numbers, lines joined to paragraphs, headings by their size, rows of columns as tables. */
export const pdfFormat: Format = {
  name: 'pdf',
  version: 2,
  extensions: ['pdf'],
  mediaTypes: ['application/pdf'],
  matches: (bytes) => asciiOf(bytes.subarray(0, 1_024)).includes('%PDF-'),
  async parse(bytes) {
    if (!asciiOf(bytes.subarray(-endMarkBytes)).includes('%%EOF'))
      throw damaged('The file is cut off: its end mark is missing.');
    const pdf = await openPdf(bytes);
    const { lines, warnings } = await readLines(pdf);
    const paragraphs = toPdfParagraphs(withoutFurniture(lines, pdf.numPages));
    const builder = createTextBuilder();
    for (const { kind, text, level, page } of paragraphs)
      builder.add(kind, text, level === undefined ? { page } : { level, page });
    const { text, blocks } = builder.build();
    if (blocks.length === 0) {
      throw new AppError(
        'DOCUMENT_WITHOUT_TEXT',
        'invalid',
        `The file holds images and no text (pages: ${pdf.numPages}).`,
      );
    }
    return { title: (await ownTitle(pdf)) ?? largestHeading(paragraphs), text, blocks, warnings };
  },
};

const endMarkBytes = 4_096;

const asciiOf = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

async function openPdf(bytes: Uint8Array): Promise<PdfDocument> {
  const { getDocumentProxy } = await import('unpdf');
  try {
    return (await getDocumentProxy(new Uint8Array(bytes), {
      useSystemFonts: false,
      verbosity: 0,
    })) as PdfDocument;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'PasswordException') {
      throw new AppError('DOCUMENT_ENCRYPTED', 'invalid', 'The file is protected by a password.', { cause });
    }
    throw damaged('The file is no readable PDF.', cause);
  }
}

/** A page that cannot be read is said and left out; when none can, the file is damaged. */
async function readLines(pdf: PdfDocument): Promise<{ lines: PdfLine[]; warnings: string[] }> {
  const lines: PdfLine[] = [];
  const warnings: string[] = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    try {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      const [, bottom = 0, , top = 0] = page.view;
      for (const line of toPdfLines(items.filter(isTextItem), { number, bottom, top })) lines.push(line);
      page.cleanup();
    } catch (cause) {
      warnings.push(`Page ${number} could not be read.`);
      if (warnings.length === pdf.numPages) throw damaged('No page of the file can be read.', cause);
    }
  }
  return { lines, warnings };
}

const isTextItem = (item: object): item is PdfTextItem => 'str' in item && 'transform' in item;

const noTitle =
  /^(?:untitled|\(?anonymous\)?|document\d*|microsoft \w+ - .*|.*\.(?:docx?|indd|tex|pdf|xlsx?|pptx?|qxd|rtf))$/i;

async function ownTitle(pdf: PdfDocument): Promise<string | undefined> {
  const info = await pdf.getMetadata().then(
    (metadata) => metadata.info,
    () => ({}),
  );
  const title = 'Title' in info && typeof info.Title === 'string' ? info.Title.trim().slice(0, 500) : '';
  return /\p{L}{2}/u.test(title) && !noTitle.test(title) ? title : undefined;
}

function largestHeading(paragraphs: PdfParagraph[]): string | undefined {
  return paragraphs.find(({ kind, level, page }) => kind === 'heading' && level === 1 && page <= 2)?.text;
}

function damaged(message: string, cause?: unknown): AppError {
  return new AppError('DOCUMENT_DAMAGED', 'invalid', message, { cause });
}
