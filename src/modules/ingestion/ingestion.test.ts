import { expect, test } from 'vitest';
import { createFakeEmbedder } from '#modules/gateway/testing/fake-embedder.ts';
import { systemClock } from '#platform/clock.ts';
import { markdownFormat } from './adapters/markdown-format.ts';
import { textFormat } from './adapters/text-format.ts';
import { type IngestionConfig, ingestionConfig } from './config.ts';
import { createIngestion } from './ingestion.ts';
import { parseDocument } from './parse-document.ts';
import type { Parser } from './ports.ts';
import { createInMemoryCorpus } from './testing/in-memory-corpus.ts';

const never = new AbortController().signal;

function createSetup({
  config = {},
  embedder = createFakeEmbedder(),
}: {
  config?: Partial<IngestionConfig>;
  embedder?: ReturnType<typeof createFakeEmbedder>;
} = {}) {
  const corpus = createInMemoryCorpus();
  const parsed: string[] = [];
  const embedded: string[] = [];
  const parser: Parser = {
    formatOf: (filename) => (filename.endsWith('.md') ? markdownFormat : textFormat),
    async parse(format, { filename, bytes }) {
      parsed.push(filename);
      return parseDocument(format, bytes, { filename });
    },
  };
  const gateway = {
    embeddingSpace: embedder.space,
    countTokens: embedder.countTokens,
    embed: (texts: readonly string[], signal: AbortSignal) => {
      embedded.push(...texts);
      return embedder.embed(texts, signal);
    },
  };
  const settings = { ...ingestionConfig.parse({}), ...config };
  const ingestion = createIngestion({ corpus, gateway, parser, clock: systemClock, config: settings });
  const ingest = (text: string, more: object = {}) =>
    ingestion.ingest('acme', { filename: 'guide.md', externalId: 'guide', bytes: Buffer.from(text), ...more }, never);
  return { ingest, ingestion, corpus, parsed, embedded };
}

test('stores text, chunks with exact offsets, and a vector for each', async () => {
  const { ingest, corpus } = createSetup({ config: { chunkTokens: 50 } });
  const text = `# Guide\n\n${'A sentence with some words. '.repeat(40)}\n\n## More\n\nThe end.\n`;
  expect(await ingest(text)).toMatchObject({ outcome: 'created', warnings: [] });
  const [document] = corpus.stored.values();
  expect(document).toMatchObject({ title: 'Guide', mediaType: 'text/markdown', text, sizeBytes: text.length });
  expect(document?.contentHash).toMatch(/^[0-9a-f]{64}$/);
  expect(document?.chunks.length).toBeGreaterThan(2);
  document?.chunks.forEach((chunk, index) => {
    expect(chunk.ordinal).toBe(index);
    expect(document.text.slice(chunk.start, chunk.end)).toBe(chunk.text);
    expect(chunk.vector).toHaveLength(64);
  });
});

test('the same file again changes nothing and is not parsed', async () => {
  const { ingest, parsed } = createSetup();
  const first = await ingest('# A\n\nText.');
  expect(await ingest('# A\n\nText.')).toEqual({ ...first, outcome: 'unchanged' });
  expect(parsed).toHaveLength(1);
});

test('another content, pipeline or title is read again', async () => {
  const { ingest, corpus, parsed } = createSetup();
  await ingest('# A\n\nText.');
  expect(await ingest('# A\n\nOther.')).toMatchObject({ outcome: 'updated' });
  expect(await ingest('# A\n\nOther.', { title: 'Mine' })).toMatchObject({ outcome: 'updated' });
  expect(await ingest('# A\n\nOther.', { title: ' Mine ' })).toMatchObject({ outcome: 'unchanged' });
  for (const document of corpus.stored.values()) document.pipeline = 'of an older version';
  expect(await ingest('# A\n\nOther.')).toMatchObject({ outcome: 'updated' });
  expect(parsed).toHaveLength(4);
});

test('names a document by what was sent, else by itself, else by its file', async () => {
  const titleOf = async (text: string, more: object): Promise<string | undefined> => {
    const { ingest, corpus } = createSetup();
    await ingest(text, more);
    return [...corpus.stored.values()][0]?.title;
  };
  expect(await titleOf('# Own', { title: ' Given ' })).toBe('Given');
  expect(await titleOf('# Own', {})).toBe('Own');
  expect(await titleOf('No heading.', { filename: 'reports/q3_final.md' })).toBe('q3_final');
});

test('embeds title and headings with the text, in batches', async () => {
  const { ingest, embedded } = createSetup();
  await ingest('# Guide\n\n## Start\n\nRun it.');
  expect(embedded).toEqual(['Guide > Start\n# Guide\n\n## Start\n\nRun it.']);
});

test('refuses a file above the limit, with both numbers and the setting', async () => {
  const { ingest, parsed } = createSetup({ config: { maxFileBytes: 10 } });
  await expect(ingest('12345678901')).rejects.toMatchObject({
    code: 'DOCUMENT_TOO_LARGE',
    kind: 'too-large',
    message: 'The file has 11 bytes; at most 10 are taken (ingestion.maxFileBytes).',
  });
  expect(await ingest('1234567890')).toMatchObject({ outcome: 'created' });
  expect(parsed).toHaveLength(1);
});

test('refuses a text above the limit', async () => {
  const { ingest } = createSetup({ config: { maxTextCharacters: 10 } });
  await expect(ingest('12345678901')).rejects.toMatchObject({ code: 'DOCUMENT_TOO_LONG', kind: 'too-large' });
});

test('stores nothing when the sender goes away', async () => {
  const { ingestion, corpus } = createSetup({ config: { chunkTokens: 50, embedBatch: 1 } });
  const abort = new AbortController();
  const work = ingestion.ingest(
    'acme',
    { filename: 'a.md', externalId: 'a', bytes: Buffer.from('Some words here. '.repeat(5_000)) },
    abort.signal,
  );
  abort.abort(new Error('gone'));
  await expect(work).rejects.toThrow('gone');
  expect(corpus.stored.size).toBe(0);
});

test('lets others run while a long document is chunked', async () => {
  const embedder = createFakeEmbedder();
  const { ingest } = createSetup({
    embedder: { ...embedder, embed: async (texts) => texts.map(() => new Float32Array(64)) },
  });
  const work = ingest('A sentence of ordinary length, as they come. '.repeat(100_000));
  let turns = 0;
  const others = setInterval(() => {
    turns += 1;
  }, 0);
  await work.finally(() => clearInterval(others));
  // Counted, not timed: a busy machine stretches every step, and takes no turn away.
  expect(turns).toBeGreaterThan(30);
});
