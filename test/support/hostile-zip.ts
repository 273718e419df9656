/** Writes zip archives as no honest program would: every field can lie. */
import { crc32, deflateRawSync } from 'node:zlib';

export type ZipEntry = {
  name: string | Buffer;
  content?: Uint8Array;
  /** Deflated when true. Default: stored. */
  deflate?: boolean;
  /** Sizes that the headers claim instead of the true ones. */
  claimed?: { compressed?: number; uncompressed?: number };
  /** `0o120777 << 16` makes a symbolic link. */
  attributes?: number;
  /** Takes the data of the entry with this index: entries that overlap. */
  sharesDataOf?: number;
};

export function makeZip(entries: readonly ZipEntry[], { comment = '' } = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  const placed: { offset: number; data: Buffer; crc: number; size: number }[] = [];
  let offset = 0;
  for (const entry of entries) {
    const shared = entry.sharesDataOf === undefined ? undefined : placed[entry.sharesDataOf];
    const content = Buffer.from(entry.content ?? Buffer.alloc(0));
    const place = shared ?? {
      offset,
      data: entry.deflate ? deflateRawSync(content, { level: 9 }) : content,
      crc: crc32(content),
      size: content.length,
    };
    placed.push(place);
    const fields = toFields(entry, place);
    if (shared === undefined) {
      const header = Buffer.concat([Buffer.from('PK\x03\x04\x14\0', 'latin1'), fields.common, fields.name]);
      parts.push(header, place.data);
      offset += header.length + place.data.length;
    }
    central.push(toCentral(fields, entry.attributes ?? 0, place.offset));
  }
  return Buffer.concat([
    ...parts,
    ...central,
    toEnd({ entries: entries.length, size: sizeOf(central), offset, comment }),
  ]);
}

function toFields({ name, deflate, claimed }: ZipEntry, place: { data: Buffer; crc: number; size: number }) {
  const bytes = Buffer.from(name as string);
  const common = Buffer.alloc(24);
  common.writeUInt16LE(0x0800, 0);
  common.writeUInt16LE(deflate ? 8 : 0, 2);
  common.writeUInt32LE(place.crc, 8);
  common.writeUInt32LE(claimed?.compressed ?? place.data.length, 12);
  common.writeUInt32LE(claimed?.uncompressed ?? place.size, 16);
  common.writeUInt16LE(bytes.length, 20);
  return { common, name: bytes };
}

function toCentral({ common, name }: { common: Buffer; name: Buffer }, attributes: number, offset: number): Buffer {
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(attributes >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([Buffer.from('PK\x01\x02\x14\x03\x14\0', 'latin1'), common, tail, name]);
}

const sizeOf = (parts: readonly Buffer[]): number => parts.reduce((sum, part) => sum + part.length, 0);

/** With the 64-bit end records where the count needs them. */
function toEnd(at: { entries: number; size: number; offset: number; comment: string }): Buffer {
  const end = Buffer.alloc(22);
  const count = Math.min(at.entries, 0xffff);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(at.size, 12);
  end.writeUInt32LE(at.offset, 16);
  end.writeUInt16LE(at.comment.length, 20);
  const tail = Buffer.concat([end, Buffer.from(at.comment, 'latin1')]);
  if (at.entries < 0xffff) return tail;
  const end64 = Buffer.alloc(56);
  end64.write('PK\x06\x06', 0, 'latin1');
  end64.writeBigUInt64LE(44n, 4);
  for (const place of [24, 32]) end64.writeBigUInt64LE(BigInt(at.entries), place);
  end64.writeBigUInt64LE(BigInt(at.size), 40);
  end64.writeBigUInt64LE(BigInt(at.offset), 48);
  const locator = Buffer.alloc(20);
  locator.write('PK\x06\x07', 0, 'latin1');
  locator.writeBigUInt64LE(BigInt(at.offset + at.size), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([end64, locator, tail]);
}

const text = (content: string): Buffer => Buffer.from(content);
const xmlHead = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const typesOf = (overrides: string): string =>
  `${xmlHead}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${overrides}</Types>`;
const relationships = (items: string): string =>
  `${xmlHead}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">${items}</Relationships>`;
const officeRelationship = (target: string): string =>
  relationships(
    `<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="${target}"/>`,
  );

/** A Word file with this body; `related` are relationships of the document. */
export function docxEntries(body: string | Uint8Array, related = ''): ZipEntry[] {
  const document =
    typeof body === 'string'
      ? text(
          `${xmlHead}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><w:body>${body}</w:body></w:document>`,
        )
      : body;
  return [
    {
      name: '[Content_Types].xml',
      content: text(
        typesOf(
          '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>',
        ),
      ),
      deflate: true,
    },
    { name: '_rels/.rels', content: text(officeRelationship('word/document.xml')), deflate: true },
    { name: 'word/_rels/document.xml.rels', content: text(relationships(related)), deflate: true },
    { name: 'word/document.xml', content: document, deflate: true },
  ];
}

/** A workbook of one sheet. */
export function xlsxEntries(sheet: string | Uint8Array, sharedStrings: string | Uint8Array = '<sst/>'): ZipEntry[] {
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
  const kind = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  return [
    {
      name: '[Content_Types].xml',
      content: text(
        typesOf(
          `<Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${type}.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="${type}.sharedStrings+xml"/>`,
        ),
      ),
      deflate: true,
    },
    { name: '_rels/.rels', content: text(officeRelationship('xl/workbook.xml')), deflate: true },
    {
      name: 'xl/workbook.xml',
      content: text(
        `${xmlHead}<workbook xmlns="${main}" xmlns:r="${kind}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>`,
      ),
      deflate: true,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: text(
        relationships(
          `<Relationship Id="rId1" Type="${kind}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${kind}/sharedStrings" Target="sharedStrings.xml"/>`,
        ),
      ),
      deflate: true,
    },
    {
      name: 'xl/sharedStrings.xml',
      content: typeof sharedStrings === 'string' ? text(`${xmlHead}${sharedStrings}`) : sharedStrings,
      deflate: true,
    },
    {
      name: 'xl/worksheets/sheet1.xml',
      content: typeof sheet === 'string' ? text(`${xmlHead}<worksheet xmlns="${main}">${sheet}</worksheet>`) : sheet,
      deflate: true,
    },
  ];
}

/** A book of one chapter. */
export function epubEntries(chapter: string): ZipEntry[] {
  return [
    { name: 'mimetype', content: text('application/epub+zip') },
    {
      name: 'META-INF/container.xml',
      content: text(
        `${xmlHead}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`,
      ),
      deflate: true,
    },
    {
      name: 'book.opf',
      content: text(
        `${xmlHead}<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Book</dc:title></metadata><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="c"/></spine></package>`,
      ),
      deflate: true,
    },
    {
      name: 'c.xhtml',
      content: text(`<html xmlns="http://www.w3.org/1999/xhtml"><body>${chapter}</body></html>`),
      deflate: true,
    },
  ];
}

/** The main part of each kind of archive, with this content. */
export function partsOf(extension: string, content: Uint8Array): ZipEntry[] {
  const main: Record<string, string> = { pptx: 'ppt/slides/slide1.xml', odt: 'content.xml' };
  if (extension === 'docx') return docxEntries(content);
  if (extension === 'xlsx') return xlsxEntries(content);
  if (extension === 'epub') return [...epubEntries('x').slice(0, 3), { name: 'c.xhtml', content, deflate: true }];
  return [
    { name: 'mimetype', content: text('application/vnd.oasis.opendocument.text') },
    { name: main[extension] ?? 'x', content, deflate: true },
  ];
}
