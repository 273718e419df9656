/** The readable part of an e-mail: the better one of its two forms, and attachments that are text. */
import { isAppError } from '#platform/errors.ts';
import { isBlank } from '../../parsing/canonical-text.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import type { TextBuilder } from '../../parsing/text-builder.ts';
import { writeHtmlAsMarkdown } from '../html/html-to-markdown.ts';
import { parseHtml } from '../html/html-tree.ts';

/** The plain form is taken unless it holds less than this share of the words of the HTML form. */
const leastShare = 0.5;

export async function readBody(
  email: { text?: string | undefined; html?: string | undefined },
  out: TextBuilder,
): Promise<void> {
  const plain = email.text ?? '';
  const html = email.html ?? '';
  if (isBlank(html) || (countWords(plain) > 0 && isMostOf(plain, html))) writePlain(plain, out);
  else await writeHtml(html, out);
}

/** Markup counts as words here, which is why only the text between tags is looked at. */
function isMostOf(plain: string, html: string): boolean {
  const shown = html.replaceAll(/<(?:style|script)\b[^>]{0,1000}>[^<]*/gi, ' ').replaceAll(/<[^<>]*>/g, ' ');
  return countWords(plain) >= leastShare * countWords(shown);
}

const countWords = (text: string): number => text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;

/** Paragraphs; runs of quoted lines are quotes. */
function writePlain(text: string, out: TextBuilder): void {
  let lines: string[] = [];
  let isQuoted = false;
  const flush = (): void => {
    out.add(isQuoted ? 'quote' : 'paragraph', lines.join('\n'));
    lines = [];
  };
  for (const line of text.replaceAll('\r\n', '\n').split('\n')) {
    const quoted = line.startsWith('>');
    if (line.trim() === '' || quoted !== isQuoted) flush();
    isQuoted = quoted;
    if (line.trim() !== '') lines.push(line.trimEnd());
  }
  flush();
}

async function writeHtml(html: string, out: TextBuilder): Promise<void> {
  writeHtmlAsMarkdown(await parseHtml(html), out, { keepFurniture: true });
}

type TextFile = { name: string; mimeType: string; bytes: Uint8Array };

const largestTextFile = 2_000_000;

export function isTextFile({
  mimeType,
  content,
}: {
  mimeType: string;
  content: ArrayBuffer | Uint8Array | string;
}): boolean {
  const size = typeof content === 'string' ? content.length : content.byteLength;
  return /^(?:text\/(?!calendar|x-vcard)|application\/(?:json|xml|yaml)$)/.test(mimeType) && size <= largestTextFile;
}

/** Returns what kept the file from being read, undefined when nothing did. */
export async function readTextFile({ name, mimeType, bytes }: TextFile, out: TextBuilder): Promise<string | undefined> {
  try {
    const { text } = decodeText(bytes);
    if (mimeType === 'text/html') await writeHtml(text, out);
    else writePlain(text, out);
    return undefined;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return `The attachment ${name.slice(0, 100)} was not read: ${error.message}`;
  }
}
