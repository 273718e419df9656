import { expect, test } from 'vitest';
import { blocksOf, read } from '../../testing/blocks-of.ts';
import { xmlFormat } from './xml-format.ts';

test('writes values as an outline and running text as paragraphs', async () => {
  const source =
    '<?xml version="1.0"?><book xmlns="urn:x"><title>T &amp; t</title><entry id="1"><name>A</name><p>Mixed <b>bold</b> text.</p></entry><entry id="2"><name><![CDATA[<B>]]></name></entry></book>';
  expect(await blocksOf(xmlFormat, source)).toEqual([
    'code: book:\n  title: T & t',
    'code:   entry (id=1):\n    name: A',
    'paragraph: Mixed bold text.',
    'code:   entry (id=2):\n    name: <B>',
  ]);
  expect((await read(xmlFormat, source)).title).toBe('T & t');
});

test('reads the encoding that the file declares', async () => {
  const source = Buffer.concat([
    Buffer.from('<?xml version="1.0" encoding="ISO-8859-2"?><a>'),
    Buffer.from([0xb1, 0xe6]),
    Buffer.from('</a>'),
  ]);
  expect(await blocksOf(xmlFormat, source)).toEqual(['code: a: ąć']);
});

test.each([
  ['cut off', '<a><b>text</b>'],
  ['with entities of its own', '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'],
  ['with entities from outside', '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'],
  ['too deep', '<a>'.repeat(1_000)],
])('refuses a file %s', async (_, source) => {
  await expect(read(xmlFormat, source)).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
});
