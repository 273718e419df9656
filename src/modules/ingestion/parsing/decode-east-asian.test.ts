import { expect, test } from 'vitest';
import { decodeEastAsian } from './decode-east-asian.ts';

test.each([
  ['Shift_JIS', '82b182ea82cd93fa967b8cea82cc83658358836782c582b78142', 'これは日本語のテストです。'],
  ['EUC-JP', 'a4b3a4eca4cfc6fccbdcb8eca4cea5c6a5b9a5c8a4c7a4b9a1a3', 'これは日本語のテストです。'],
  ['EUC-KR', 'bec8b3e7c7cfbcbcbfe420b4d9b7b8', '안녕하세요 다렇'],
  ['GB18030', 'd5e2cac7d2bbb8f6d6d0cec4b2e2cad4', '这是一个中文测试'],
])('tells %s by its characters', (label, hex, text) => {
  expect(decodeEastAsian(Buffer.from(hex, 'hex'))).toEqual({ text, label });
});

test.each([
  ['English with curly quotes', 'don\x92t say \x93yes\x94 \x96 it\x92s no \x93use\x94'],
  ['French', 'l\xe9l\xe8ve est all\xe9 \xe0 l\xe9cole o\xf9 il a \xe9t\xe9 re\xe7u'],
  ['German', 'gr\xf6\xdfer sch\xf6ner w\xfcrde \xdcbung \xe4ndern'],
])('leaves %s in a Western encoding alone', (_, text) => {
  expect(decodeEastAsian(Buffer.from(text, 'latin1'))).toBeUndefined();
});
