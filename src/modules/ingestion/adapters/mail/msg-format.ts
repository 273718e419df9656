import { AppError } from '#platform/errors.ts';
import { createTextBuilder, type TextBuilder } from '../../parsing/text-builder.ts';
import type { Format } from '../../ports.ts';
import { writeHtmlAsMarkdown } from '../html/html-to-markdown.ts';
import { parseHtml } from '../html/html-tree.ts';
import { toLines, toOneLine } from '../office/office-writer.ts';
import { type CompoundFile, openCompoundFile } from '../office/read-cfb.ts';

/** Outlook messages: subject, who wrote to whom and when, the text. Attachments are named and not read. */
export const msgFormat: Format = {
  name: 'msg',
  version: 1,
  extensions: ['msg'],
  mediaTypes: ['application/vnd.ms-outlook'],
  async parse(bytes) {
    const file = openCompoundFile(bytes);
    const builder = createTextBuilder();
    const subject = toOneLine(textOf(file, '', '0037'));
    builder.add('heading', subject && `# ${subject}`, { level: 1 });
    builder.add('paragraph', headerLines(file).join('\n'));
    await writeBody(file, builder);
    const { text, blocks } = builder.build();
    if (blocks.length === 0) throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The message holds no text.');
    return { title: subject || undefined, text, blocks, warnings: attachmentWarnings(file) };
  },
};

/** A property by its number, in Unicode or in the one-byte encoding of older Outlooks. */
function textOf(file: CompoundFile, folder: string, property: string): string {
  const wide = file.read(`${folder}__substg1.0_${property}001F`);
  if (wide !== undefined) return wide.toString('utf16le').replace(/\0+$/, '');
  const narrow = file.read(`${folder}__substg1.0_${property}001E`);
  return narrow === undefined ? '' : decodeNarrow(narrow).replace(/\0+$/, '');
}

function decodeNarrow(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // Outlook before 2003 wrote in the encoding of its country; Western Europe is the likeliest.
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function headerLines(file: CompoundFile): string[] {
  const name = textOf(file, '', '0C1A');
  const address = textOf(file, '', '5D01') || textOf(file, '', '0C1F');
  const isMail = address.includes('@') && address !== name;
  const sender = [name, isMail ? `<${address}>` : ''].filter((part) => part !== '').join(' ');
  const lines = [
    ['From', sender],
    ['To', textOf(file, '', '0E04')],
    ['Cc', textOf(file, '', '0E03')],
    ['Date', dateOf(file)],
  ] as const;
  return lines.filter(([, value]) => value.trim() !== '').map(([label, value]) => `${label}: ${toOneLine(value)}`);
}

const propertyBytes = 16;
const propertyHeaderBytes = 32;
/** 1601 to 1970, in the units of 100 ns that Windows counts in. */
const windowsEpoch = 116_444_736_000_000_000n;
const dateProperties = [0x0039_0040, 0x0e06_0040];

/** When it was sent, else when it arrived. */
function dateOf(file: CompoundFile): string {
  const properties = file.read('__properties_version1.0') ?? Buffer.alloc(0);
  for (const wanted of dateProperties) {
    for (let at = propertyHeaderBytes; at + propertyBytes <= properties.length; at += propertyBytes) {
      if (properties.readUInt32LE(at) !== wanted) continue;
      const date = new Date(Number((properties.readBigUInt64LE(at + 8) - windowsEpoch) / 10_000n));
      if (!Number.isNaN(date.getTime())) return date.toISOString().replace('.000Z', 'Z');
    }
  }
  return '';
}

async function writeBody(file: CompoundFile, builder: TextBuilder): Promise<void> {
  const plain = textOf(file, '', '1000');
  if (plain.trim() !== '') {
    for (const paragraph of plain.replaceAll('\r\n', '\n').split(/\n\s*\n/))
      builder.add('paragraph', toLines(paragraph));
    return;
  }
  const html = file.read('__substg1.0_10130102');
  const source = html === undefined ? textOf(file, '', '1013') : decodeNarrow(html);
  if (source === '') return;
  writeHtmlAsMarkdown(await parseHtml(source), builder, { keepFurniture: true });
}

function attachmentWarnings(file: CompoundFile): string[] {
  const folders = new Set(file.names.flatMap((name) => /^__attach_version1\.0_#[\dA-F]+\//.exec(name)?.[0] ?? []));
  return [...folders].map((folder) => {
    const name = toOneLine(
      textOf(file, folder, '3707') || textOf(file, folder, '3704') || textOf(file, folder, '3001'),
    );
    return `The attachment "${name.slice(0, 200)}" was not read.`;
  });
}
