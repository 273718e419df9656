import { expect, test } from 'vitest';
import { readXml, visitXml, xmlText } from './read-xml.ts';

async function* piecesOf(source: string | Uint8Array, size = 7) {
  const bytes = Buffer.from(source as string);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const read = (source: string | Uint8Array, size?: number) => readXml(piecesOf(source, size));
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'DOCUMENT_DAMAGED', message: expect.stringMatching(message) });
const word = 'http://schemas.openxmlformats.org/wordprocessingml/2006/main';

test('names have the customary prefix, whatever the file calls it', async () => {
  for (const [prefix, declaration] of [
    ['w:', 'xmlns:w'],
    ['x:', 'xmlns:x'],
    ['', 'xmlns'],
  ]) {
    const root = await read(
      `<${prefix}p ${declaration}="${word}" ${prefix}id="1"><${prefix}t>a&amp;é</${prefix}t></${prefix}p>`,
    );
    expect(root?.name).toBe('w:p');
    expect(root?.attributes[prefix === '' ? 'id' : 'w:id']).toBe('1');
    expect(xmlText(root)).toBe('a&é');
  }
  const strict = await read('<p xmlns="http://purl.oclc.org/ooxml/wordprocessingml/main"/>');
  expect(strict?.name).toBe('w:p');
});

test('an absent file is undefined, UTF-16 is read by its mark', async () => {
  expect(await read('')).toBeUndefined();
  expect(xmlText(await read(Buffer.from('\uFEFF<a>ü</a>', 'utf16le'), 64))).toBe('ü');
});

test('only wanted elements are kept, one at a time', async () => {
  const seen: string[] = [];
  await visitXml(piecesOf('<a><b><c>1</c></b><d/><c>2<c>3</c></c></a>'), {
    isPart: (name) => name === 'c',
    visit: (element) => seen.push(xmlText(element)),
    enter: (name) => seen.push(name),
  });
  expect(seen).toEqual(['a', 'b', '1', 'd', '23']);
});

test.each<[string, () => string, RegExp]>([
  ['entities', () => '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', /entities/],
  [
    'a billion laughs',
    () =>
      `<!DOCTYPE a [${Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('')}]><a>&l9;</a>`,
    /entities/,
  ],
  ['an unknown entity', () => '<a>&x;</a>', /well-formed/],
  ['an external subset that is referred to', () => '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a>&x;</a>', /well-formed/],
  ['100,000 elements in each other', () => '<a>'.repeat(100_000), /nests more than/],
  ['no end', () => '<a><b>', /well-formed/],
  [
    '10,000 attributes',
    () => `<a ${Array.from({ length: 10_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`,
    /too many attributes/,
  ],
  ['bytes that are no text', () => '<a>\uFFFE</a>', /well-formed/],
])('refuses %s', async (_, make, message) => {
  await expect(read(make(), 65_536)).rejects.toEqual(refusal(message));
});
