import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeText } from './decode-text.ts';

const bytesOf = (text: string, encoding: BufferEncoding): Buffer => Buffer.from(text, encoding);
const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16();
const utf32 = (text: string): Buffer =>
  Buffer.concat(
    [...text].map((character) => {
      const four = Buffer.alloc(4);
      four.writeUInt32LE(character.codePointAt(0) ?? 0);
      return four;
    }),
  );

test.each([
  ['UTF-8', bytesOf('Grüße, 世界 👋', 'utf8'), 0],
  ['UTF-8 with mark', bytesOf('\uFEFFGrüße, 世界 👋', 'utf8'), 0],
  ['UTF-16LE with mark', bytesOf('\uFEFFGrüße, 世界 👋', 'utf16le'), 0],
  ['UTF-16BE with mark', swapped(bytesOf('\uFEFFGrüße, 世界 👋', 'utf16le')), 0],
  ['UTF-32LE with mark', utf32('\uFEFFGrüße, 世界 👋'), 0],
])('reads %s', (_, bytes, warnings) => {
  const decoded = decodeText(bytes);
  expect(decoded.text.replace('\uFEFF', '')).toBe('Grüße, 世界 👋');
  expect(decoded.warnings).toHaveLength(warnings);
});

test.each([
  ['UTF-16LE', bytesOf('Plain words without a mark.', 'utf16le')],
  ['UTF-16BE', swapped(bytesOf('Plain words without a mark.', 'utf16le'))],
  ['UTF-32LE', utf32('Plain words without a mark.')],
])('reads %s without mark and says so', (name, bytes) => {
  const { text, warnings } = decodeText(bytes);
  expect(text).toBe('Plain words without a mark.');
  expect(warnings).toEqual([`The file has no byte order mark; it was read as ${name}.`]);
});

test('reads Western text of Windows and says so', () => {
  const { text, warnings } = decodeText(Buffer.from('Le caf\xe9 \x96 ferm\xe9.', 'latin1'));
  expect(text).toBe('Le café – fermé.');
  expect(warnings).toEqual(['The file is not valid UTF-8 (byte 6); it was read as Windows-1252.']);
});

test.each([
  [
    'UTF-8 that is broken in one place',
    Buffer.concat([bytesOf('日本語のテキスト', 'utf8'), Buffer.from([0xff]), bytesOf('です', 'utf8')]),
  ],
  ['UTF-8 that is cut inside a character', bytesOf('日本語のテキスト', 'utf8').subarray(0, -1)],
  ['UTF-8 with surrogates in it', Buffer.concat([bytesOf('text ', 'utf8'), Buffer.from([0xed, 0xa0, 0x80])])],
  ['mostly high bytes', Buffer.from(Array.from({ length: 500 }, (_, index) => 0xc0 + (index % 2 === 0 ? 1 : 0x20)))],
  ['an image', Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), Buffer.alloc(1_000)])],
  ['an unmarked odd UTF-16', Buffer.from([0xff, 0xfe, 0x41])],
  ['a UTF-32 beyond Unicode', Buffer.from([0xff, 0xfe, 0, 0, 0xff, 0xff, 0xff, 0xff])],
])('refuses %s', (_, bytes) => {
  expect(() => decodeText(bytes)).toThrow(expect.objectContaining({ code: 'DOCUMENT_ENCODING' }));
});

test('never puts a replacement character into a text that had none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      let text = '';
      try {
        ({ text } = decodeText(bytes));
      } catch (error) {
        expect(error).toMatchObject({ code: 'DOCUMENT_ENCODING' });
      }
      if (!Buffer.from(bytes).includes('\uFFFD') && !Buffer.from(bytes).includes(Buffer.from([0xfd, 0xff])))
        expect(text).not.toContain('\uFFFD');
    }),
    { numRuns: 2_000 },
  );
});

test('gives back every well-formed text that is written as UTF-8', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\p{Cc}\uFEFF]/u.test(text)),
      (text) => {
        expect(decodeText(Buffer.from(text, 'utf8')).text).toBe(text);
      },
    ),
  );
});
