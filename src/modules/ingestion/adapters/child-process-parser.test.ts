import { expect, test } from 'vitest';
import type { ChildPool } from '#platform/sandbox/child-pool.ts';
import type { Frame } from '#platform/sandbox/frames.ts';
import { toBlockBytes } from '../parsing/block-codec.ts';
import { createChildProcessParser } from './child-process-parser.ts';
import { htmlFormat } from './html/html-format.ts';
import { textFormat } from './text/text-format.ts';

/** A child that a file has taken over answers what it likes. */
const parserAnswered = (answer: Frame) => {
  const pool = { run: async () => answer } as unknown as ChildPool;
  return createChildProcessParser({ pool, formats: [textFormat, htmlFormat] });
};
const text = Buffer.from('some text');
const block = { kind: 'paragraph', start: 0, end: 9 } as const;
const parse = (answer: Frame) =>
  parserAnswered(answer).parse(textFormat, { filename: 'a.txt', bytes: text }, new AbortController().signal);
const answerOf = (header: unknown, parts: Uint8Array[] = [text, toBlockBytes([block])]): Frame => ({ header, parts });

test.each([
  ['no header', answerOf(null)],
  ['a header that is no object', answerOf('nonsense')],
  ['no parts', answerOf({}, [])],
  ['a NUL in the text', answerOf({}, [Buffer.from('a\0b'), new Uint8Array()])],
  ['a block behind the text', answerOf({}, [text, toBlockBytes([{ ...block, end: 10 }])])],
  ['a heading of level 7', answerOf({}, [text, toBlockBytes([{ ...block, level: 7 }])])],
  ['a page that no database holds', answerOf({}, [text, toBlockBytes([{ ...block, page: 2 ** 31 }])])],
])('an answer with %s is PARSER_REPLY', async (name, answer) => {
  const outcome = await parse(answer).catch((error: { code?: string }) => error.code);
  if (name.includes('header')) expect(outcome).toMatchObject({ title: undefined, warnings: [] });
  else expect(outcome).toBe('PARSER_REPLY');
});

test('title and warnings become what a database takes, and short', async () => {
  const title = `a\0b\uD800 ${'x'.repeat(600)}`;
  const warnings = [...Array.from({ length: 30 }, () => `c\0d\uDC00${'y'.repeat(600)}`), 5];
  const document = await parse(answerOf({ title, warnings }));
  expect(document.title).toMatch(/^ab\uFFFD x+$/);
  expect(document.title?.length).toBe(500);
  expect(document.warnings).toHaveLength(20);
  for (const warning of document.warnings) expect(warning).toBe(`cd\uFFFD${'y'.repeat(497)}`);
});

test('a format that is not read is refused in few words, which name groups and not every ending', () => {
  const messageOf = (filename: string): unknown => {
    try {
      return parserAnswered(answerOf({})).formatOf(filename).name;
    } catch (error) {
      return error;
    }
  };
  expect(messageOf('a.TXT')).toBe('text');
  for (const [filename, found] of [
    ['a.doc', '“.doc” is not a format that is read.'],
    ['README', 'The file name has no ending that tells its format.'],
    ['a.\u202Egpj', 'The file name has no ending that tells its format.'],
    ['a.<b>', 'The file name has no ending that tells its format.'],
  ]) {
    const error = messageOf(filename ?? '') as { code: string; message: string; details: { supported: string[] } };
    expect(error).toMatchObject({ code: 'FORMAT_UNSUPPORTED', kind: 'unsupported' });
    expect(error.message.startsWith(found ?? '')).toBe(true);
    expect(error.message.length).toBeLessThan(300);
    expect(error.details.supported).toEqual(expect.arrayContaining(['txt', 'html']));
  }
});

test('a quick file that another one answered for is read alone', async () => {
  const groups: (string | undefined)[] = [];
  const run: ChildPool['run'] = async (_request, _signal, { group } = {}) => {
    groups.push(group);
    return group === undefined ? answerOf({}) : answerOf({}, []);
  };
  const parser = createChildProcessParser({ pool: { run } as ChildPool, formats: [textFormat] });
  const file = { filename: 'a.txt', bytes: text, group: 'one' };
  expect(await parser.parse(textFormat, file, new AbortController().signal)).toMatchObject({ text: 'some text' });
  expect(groups).toEqual(['one', undefined]);
});
