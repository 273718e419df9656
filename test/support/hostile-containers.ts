/** Hostile files that hold others: archives that are read, archives and pictures that are not. */
import { brotliCompressSync, crc32, deflateSync, gzipSync } from 'node:zlib';
import { file, type HostileFile, type HostileOptions, million, text } from './hostile-file.ts';
import { docxEntries, epubEntries, makeZip, partsOf } from './hostile-zip.ts';

export function* archives(full: boolean, { name, file: secret }: HostileOptions['bait']): Generator<HostileFile> {
  const word = docxEntries('<w:p><w:r><w:t>Good text.</w:t></w:r></w:p>');
  const slips = [
    `../../../../../../tmp/${name}`,
    `..\\..\\..\\${name}`,
    `/tmp/${name}`,
    `C:\\Windows\\${name}`,
    `\\\\server\\share\\${name}`,
    `word/../../../${name}`,
    `word/${name}\0.xml`,
    `${'a/'.repeat(500)}${name}`,
    '',
    '.',
    '..',
    'CON',
  ];
  for (const slip of slips)
    yield file(`zip entry named ${JSON.stringify(slip).slice(0, 40)}`, 'slip.docx', () =>
      makeZip([...word, { name: slip, content: text('escaped') }]),
    );
  const links: [string, string][] = [
    ['word/document.xml', secret],
    ['word/link', '/'],
    ['word/styles.xml', '/etc/passwd'],
  ];
  for (const [entry, target] of links)
    yield file(`symbolic link ${entry}`, 'link.docx', () =>
      makeZip([
        ...word.filter(({ name: own }) => own !== entry),
        { name: entry, content: text(target), attributes: 0o120777 << 16 },
      ]),
    );
  yield file('the same part twice', 'twice.docx', () => makeZip([...word, ...word]));
  for (const extension of ['docx', 'xlsx', 'pptx', 'odt', 'epub']) {
    yield file('an empty archive', `empty.${extension}`, () => makeZip([]));
    yield file('zips in zips in zips', `nested.${extension}`, () => nested(full ? 12 : 6));
    yield file('entries that overlap', `overlap.${extension}`, () => overlapping(extension, full ? 5_000 : 500));
    yield file('sizes that lie', `sizes.${extension}`, () => lyingSizes(extension));
    yield file('a deflated gigabyte', `bomb.${extension}`, () =>
      makeZip(partsOf(extension, Buffer.alloc((full ? 1_000 : 300) * million, ' '))),
    );
  }
  const many = full ? million : 70_000;
  yield file(`${many} entries`, 'many.docx', () =>
    makeZip([...word, ...Array.from({ length: many }, (_, index) => ({ name: `word/${index}` }))]),
  );
}

function nested(depth: number): Buffer {
  let inner = makeZip([{ name: 'word/document.xml', content: Buffer.alloc(million), deflate: true }]);
  for (let level = 0; level < depth; level += 1)
    inner = makeZip(
      Array.from({ length: 4 }, (_, index) => ({ name: `word/${index}.zip`, content: inner, deflate: true })),
    );
  return makeZip([...docxEntries('<w:p/>'), { name: 'word/embeddings/a.zip', content: inner }]);
}

function overlapping(extension: string, count: number): Buffer {
  const parts = partsOf(extension, text(`<a>${'x'.repeat(million)}</a>`));
  const last = parts.length - 1;
  return makeZip([
    ...parts,
    ...Array.from({ length: count }, (_, index) => ({
      name: `word/copy${index}.xml`,
      sharesDataOf: last,
      deflate: true,
    })),
  ]);
}

function lyingSizes(extension: string): Buffer {
  const claims = [{ uncompressed: 10 }, { uncompressed: 0xffff_fff0 }, { compressed: 5 }, { compressed: 0x7fff_ffff }];
  const parts = partsOf(extension, text(`<a>${'x'.repeat(10_000)}</a>`));
  return makeZip(parts.map((part, index) => ({ ...part, claimed: claims[index % claims.length] ?? {} })));
}

/** A picture of 60,000 × 60,000 points of one colour: three kilobytes that would be gigabytes. */
function pictureBomb(): Buffer {
  const side = 60_000;
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([text(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head.writeUInt8(1, 8);
  const rows = deflateSync(Buffer.alloc((side / 8 + 1) * 4_000));
  const mark = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([mark, chunk('IHDR', head), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

export function* images({ url }: HostileOptions['bait']): Generator<HostileFile> {
  const picture = pictureBomb();
  const image = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/image';
  yield file('a picture of gigabytes', 'bomb.png', () => picture);
  yield file('a picture of gigabytes inside', 'picture.docx', () =>
    makeZip([
      ...docxEntries(
        '<w:p><w:r><w:t>text</w:t></w:r><w:r><w:drawing><a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" r:embed="rId9"/></w:drawing></w:r></w:p>',
        `<Relationship Id="rId9" Type="${image}" Target="media/image1.png"/>`,
      ),
      { name: 'word/media/image1.png', content: picture },
    ]),
  );
  yield file('a picture of gigabytes inside', 'picture.epub', () =>
    makeZip([...epubEntries('<p>text</p><img src="bomb.png"/>'), { name: 'bomb.png', content: picture }]),
  );
  yield file('a picture of gigabytes inside', 'picture.eml', () =>
    text(
      `Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n${picture.toString('base64')}\r\n--b--`,
    ),
  );
  yield file('a picture of gigabytes inside', 'picture.html', () =>
    text(`<p>text</p><img src="data:image/png;base64,${picture.toString('base64')}">`),
  );
  yield file('a picture that is a program', 'picture.svg', () =>
    text(`<svg xmlns="http://www.w3.org/2000/svg"><script>fetch("${url}")</script><image href="${url}/a"/></svg>`),
  );
}

export function* archivesThatAreNotRead(full: boolean, { name }: HostileOptions['bait']): Generator<HostileFile> {
  const size = (full ? 700 : 50) * million;
  for (const extension of ['tar', 'md', 'docx']) {
    yield file('a tar whose entry climbs', `slip.${extension}`, () => tarOf(`../../../../tmp/${name}`, '0'));
    yield file('a tar with a symbolic link', `link.${extension}`, () => tarOf('link', '2', '/etc/passwd'));
    yield file('a tar with a hard link', `hard.${extension}`, () => tarOf('hard', '1', '/etc/passwd'));
  }
  for (const extension of ['gz', 'docx'])
    yield file('a gzip bomb', `b.${extension}`, () => gzipSync(Buffer.alloc(size)));
  for (const extension of ['br', 'txt'])
    yield file('a brotli bomb', `b.${extension}`, () => brotliCompressSync(Buffer.alloc(size / 10)));
}

/** One entry: a file, or with the type `1` or `2` a link to the target. */
function tarOf(entryName: string, type: '0' | '1' | '2', target = ''): Buffer {
  const block = Buffer.alloc(512);
  const content = type === '0' ? text('escaped') : Buffer.alloc(0);
  block.write(entryName, 0);
  block.write('0000777\0', 100);
  block.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  block.write('        ', 148);
  block.write(type, 156);
  block.write(target, 157);
  block.write('ustar\x0000', 257);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return Buffer.concat([block, content, Buffer.alloc(512 - content.length + 1024)]);
}
