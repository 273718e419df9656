import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ParsedDocument } from '../ports.ts';
import { entityKinds } from '../service.ts';
import { analyze, createAnalyze } from './analyze-document.ts';
import { classifyDocument } from './classify-document.ts';
import { detectLanguage } from './detect-language.ts';
import { extractEntities } from './extract-entities.ts';
import { handLabels } from './testing/hand-labels.ts';
import { readTar, readTestDocument, toTestDocument } from './testing/read-documents.ts';

const data = process.env.NEXUS_TEST_DATA ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));
const withData = describe.skipIf(!existsSync(data) && process.env.CI === undefined);

const paragraph = (text: string): ParsedDocument => ({
  title: undefined,
  text,
  blocks: text === '' ? [] : [{ kind: 'paragraph', start: 0, end: text.length }],
  warnings: [],
});
const hints = { title: 'Notes', filename: 'notes.txt', mediaType: 'text/plain' };
const entitiesOf = (text: string) => extractEntities(text, { maxEntities: 100, maxMentions: 5 });
const named = (text: string) => entitiesOf(text).map(({ kind, name }) => `${kind} ${name}`);

test.for([
  ['Where do the users of this program find the settings?', 'en'],
  ['Hola, ¿cómo estás? La reunión es el lunes.', 'es'],
  ['Guten Tag, wie geht es Ihnen?', 'de'],
  ['Le contrat est signé par les deux parties.', 'fr'],
  ['これは日本語です', 'ja'],
  ['你好，世界', 'zh'],
  ['한국어 문서입니다', 'ko'],
  ['Привет, как дела? Это русский текст.', 'ru'],
  ['', 'und'],
  ['12 345 — 67 %', 'und'],
  ['import os', 'und'],
  ['ok', 'und'],
] as const)('the language of "%s" is %s', ([text, language]) => {
  expect(detectLanguage(text)).toBe(language);
});

test('finds people, organizations, places, technology and concepts', () => {
  const text =
    'Last week Dr. Ada Lovelace met Tim Cook of Apple in San Francisco. The University of Oxford and Acme Widgets Inc. ' +
    'use PostgreSQL and `createServer()` for machine learning. Machine learning is taught along the Mississippi River.';
  expect(named(text)).toEqual([
    'person Ada Lovelace',
    'person Tim Cook',
    'organization Apple',
    'location San Francisco',
    'organization University of Oxford',
    'organization Acme Widgets Inc.',
    'technical PostgreSQL',
    'technical createServer()',
    'location Mississippi River',
  ]);
});

test('takes a word that begins a sentence for no name', () => {
  expect(named('The Result was good. It was Monday. These Are Words.')).toEqual([]);
});

test('keeps the surest and most frequent names, and few mentions of each', () => {
  const text = `${'We met in Berlin. '.repeat(50)}${'We met in Paris. '.repeat(2)}We met Kate Smith.`;
  const entities = extractEntities(text, { maxEntities: 4, maxMentions: 3 });
  expect(entities.map(({ name }) => name)).toEqual(['Berlin', 'Berlin', 'Berlin', 'Paris']);
});

test('classifies by ending, by words and by code, and hints where it may be of use', () => {
  const report =
    'Net sales, gross margin and operating income of the quarter; earnings per share; total assets. '.repeat(9);
  expect(analyze(paragraph(report), { ...hints, filename: 'q3-report.pdf' }).classification).toMatchObject({
    type: 'report',
    category: 'financial',
    routingHint: 'market',
    tags: expect.arrayContaining(['report', 'financial', 'market']),
  });
  expect(analyze(paragraph('print(1)'), { ...hints, filename: 'a.py' }).classification.type).toBe('code');
  expect(analyze(paragraph('a,b\n1,2'), { ...hints, filename: 'a.csv' }).classification.type).toBe('spreadsheet');
  expect(analyze(paragraph('Hm.'), hints).classification).toMatchObject({ type: 'other', category: 'general' });
  expect(analyze(paragraph('Hm.'), hints).classification.routingHint).toBeUndefined();
});

test('hands the whole text to what makes signatures', () => {
  const signature = new Uint32Array(128);
  const text = 'one two three';
  expect(
    createAnalyze({ signatureOf: (whole) => (whole === text ? signature : undefined) })(paragraph(text), hints),
  ).toMatchObject({
    signature,
  });
});

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom(
    'Dr. John Smith of Acme Inc. ',
    'New York',
    'İstanbul ',
    'É́́ ß ﬁ ',
    '`a.b()`',
    '\ud83d',
    'machine learning',
    'A'.repeat(500),
    '\n',
    '. ',
    'O’Neil’s ',
    '漢字 ',
    'Company of the '.repeat(20),
  ),
);

test('offsets are exact, all is bounded and nothing throws, whatever the text', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.string({ maxLength: 30 }), (pieces, name) => {
      const text = pieces.join('');
      const { classification, entities, language } = analyze(paragraph(text), {
        ...hints,
        filename: name,
        title: name,
      });
      expect(language).toMatch(/^(?:[a-z]{2}|und)$/);
      expect(classification.confidence).toBeGreaterThanOrEqual(0);
      expect(classification.confidence).toBeLessThanOrEqual(1);
      expect(classification.tags.length).toBeLessThanOrEqual(10);
      expect(entities.length).toBeLessThanOrEqual(300);
      for (const { kind, name: found, start, end, confidence } of entities) {
        expect(text.slice(start, end)).toBe(found);
        expect(found.trim()).toBe(found);
        expect(found).not.toBe('');
        expect(entityKinds).toContain(kind);
        expect(confidence).toBeGreaterThan(0);
        expect(confidence).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 500 },
  );
});

const sentence =
  'Dr. Kate Brown of Acme Corp. met `x.y()` in New Mexico, with PostgreSQL and machine learning in mind. ';

test.for([sentence, 'A'.repeat(97), 'A ', '`', 'Of The ', 'A.', '&', '漢'])(
  'takes twice the time for twice “%s”',
  (part) => {
    const timeOf = (characters: number): number => {
      const document = paragraph(part.repeat(characters / part.length));
      const times = [1, 2, 3].map(() => {
        const start = process.threadCpuUsage();
        analyze(document, hints);
        return process.threadCpuUsage(start).user / 1_000;
      });
      return Math.min(...times);
    };
    timeOf(200_000);
    const [small, large] = [timeOf(500_000), timeOf(1_000_000)];
    // Processor time, which a busy machine does not change much; a few milliseconds are noise, whatever the ratio.
    expect(large).toBeLessThan(2.5 * small + 20);
  },
);

withData('on real texts', () => {
  test.for([
    ['en', 0.98, 0.97],
    ['es', 0.99, 0.98],
    ['zh', 0.99, 0.98],
  ] as const)('tells %s paragraphs and questions', ([language, leastParagraphs, leastQuestions]) => {
    const file = JSON.parse(gunzipSync(readFileSync(`${data}/xquad/xquad.${language}.json.gz`)).toString()) as {
      data: { paragraphs: { context: string; qas: { question: string }[] }[] }[];
    };
    const paragraphs = file.data.flatMap((article) => article.paragraphs);
    const share = (texts: string[]): number =>
      texts.filter((text) => detectLanguage(text) === language).length / texts.length;
    expect(share(paragraphs.map(({ context }) => context))).toBeGreaterThanOrEqual(leastParagraphs);
    expect(share(paragraphs.flatMap(({ qas }) => qas.map(({ question }) => question)))).toBeGreaterThanOrEqual(
      leastQuestions,
    );
  });

  test('agrees with people about type and category', async () => {
    let types = 0;
    let categories = 0;
    for (const label of handLabels) {
      const { document, hints: its } = await readTestDocument(data, label.file);
      const { type, category } = classifyDocument(document, its);
      if (label.types.split(' ').includes(type)) types += 1;
      if (label.categories.split(' ').includes(category)) categories += 1;
    }
    expect(types / handLabels.length).toBeGreaterThanOrEqual(0.85);
    expect(categories / handLabels.length).toBeGreaterThanOrEqual(0.8);
  });

  test('takes a documentation tree for technical documentation', async () => {
    const archive = gunzipSync(readFileSync(`${data}/docs-tree-fastapi/fastapi-docs-en.tar.gz`));
    const found: boolean[] = [];
    for (const { path, bytes } of readTar(archive)) {
      if (!path.endsWith('.md') || bytes.length < 400) continue;
      const { document, hints: its } = await toTestDocument(path, bytes);
      const { type, category } = classifyDocument(document, its);
      found.push(category === 'technical' && (type === 'documentation' || type === 'tutorial'));
    }
    expect(found.length).toBeGreaterThan(100);
    expect(found.filter(Boolean).length / found.length).toBeGreaterThanOrEqual(0.95);
  });
});
