/** Writing on a real database: batches, links, events and changes against a model of what must be there. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#platform/clock.ts';
import { createCursors } from '#platform/cursor.ts';
import { createIds } from '#platform/ids.ts';
import { systemRandom } from '#platform/random.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import { Secret } from '#platform/secret.ts';
import { signatureOf } from '#platform/text/min-hash.ts';
import { jaccardOf, shinglesOf } from '#platform/text/shingles.ts';
import { openTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { corpusConfig } from './config.ts';
import { createCorpus } from './corpus.ts';
import { corpusEvents } from './events.ts';
import type { Corpus, NewDocument, VectorSpace } from './service.ts';

const ids = createIds(systemClock, systemRandom);
const space: VectorSpace = { provider: 'test', model: 'one', revision: '1', dimensions: 2, normalised: true };

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());

function openCorpus(own: VectorSpace = space, settings: object = {}): Corpus {
  return createCorpus({
    db: testDatabase.database.withTables(),
    space: own,
    createIndex: (dimensions) => createSearchIndex({ dimensions }),
    cursors: createCursors(new Secret('key of a test')),
    clock: systemClock,
    ids,
    config: corpusConfig.parse({ followIntervalMs: 10, ...settings }),
    onFollowError: (error) => {
      throw error;
    },
  });
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function documentOf(externalId: string, text: string, more: Partial<NewDocument> = {}): NewDocument {
  const half = Math.floor(text.length / 2);
  const spans: [number, number][] = [
    [0, half],
    [half, text.length],
  ];
  return {
    collectionId: undefined,
    externalId,
    title: `Title of ${externalId}`,
    mediaType: 'text/plain',
    contentHash: sha256(text),
    sizeBytes: text.length,
    text,
    chunks: spans.map(([start, end], ordinal) => ({
      ordinal,
      start,
      end,
      text: text.slice(start, end),
      headingPath: [],
      page: undefined,
      tokens: 1,
      vector: Float32Array.of(1, 0),
      embeddedTextHash: sha256(text.slice(start, end)),
    })),
    pipeline: 'test',
    analysis: {
      language: 'en',
      classification: { type: 'report', category: 'legal', tags: ['a', 'b'], confidence: 0.5, routingHint: undefined },
      entities: [
        { kind: 'person', name: 'Ada', start: 0, end: 3, confidence: 0.9 },
        { kind: 'person', name: 'ada ', start: 9, end: 13, confidence: 0.7 },
      ],
      signature: signatureOf(text),
    },
    ...more,
  };
}

/** Texts of three families: those of one family are near, exact or not duplicates of each other. */
const words = (family: number, count: number) => Array.from({ length: count }, (_, word) => `w${family}x${word}`);
function textOf(family: number, changed: readonly number[]): string {
  const text = words(family, 200);
  for (const place of changed) text[place % 200] = `changed${place}`;
  return text.join(' ');
}

type Row = { id: string; external_id: string; text: string; duplicate_of: string | null; similarity: number | null };
const rowsOf = (organizationId: string) =>
  testDatabase.adminSql<Row>(
    `select id, external_id, text, duplicate_of, duplicate_similarity::float8 as similarity from corpus_documents
     where organization_id = $1 order by id`,
    [organizationId],
  );

/** No original is the same text as another; each duplicate leads to an older original that is. */
function expectTrueLinks(rows: readonly Row[]): void {
  const sets = new Map(rows.map((row) => [row.id, shinglesOf(row.text)]));
  const likeness = (left: string, right: string) =>
    jaccardOf(sets.get(left) ?? new Float64Array(), sets.get(right) ?? new Float64Array());
  const originals = rows.filter((row) => row.duplicate_of === null);
  for (const row of rows) {
    if (row.duplicate_of === null) {
      const same = originals.filter(({ id }) => id !== row.id && likeness(id, row.id) >= 0.95);
      expect(same, 'two originals of one text').toEqual([]);
    } else {
      const original = originals.find(({ id }) => id === row.duplicate_of);
      expect(original, 'a link leads to an original').toBeDefined();
      expect(row.duplicate_of < row.id, 'the original is older').toBe(true);
      expect(likeness(row.id, row.duplicate_of)).toBeGreaterThanOrEqual(0.95);
      expect(row.similarity ?? 0).toBeCloseTo(likeness(row.id, row.duplicate_of), 5);
    }
  }
}

async function countOf(table: string, organizationId: string, where = 'true'): Promise<number> {
  const rows = await testDatabase.adminSql<{ count: string }>(
    `select count(*) from ${table} where organization_id = $1 and ${where}`,
    [organizationId],
  );
  return Number(rows[0]?.count);
}

type Step = { put: { key: number; family: number; changed: number[] }[] } | { remove: number[] };

test('after any sequence of batches and deletions there is what was given, linked truly, each change told once', async () => {
  const corpus = openCorpus();
  const document = fc.record({
    key: fc.integer({ min: 0, max: 7 }),
    family: fc.integer({ min: 0, max: 1 }),
    changed: fc.array(fc.integer({ min: 0, max: 199 }), { maxLength: 4 }),
  });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ put: fc.array(document, { minLength: 1, maxLength: 6 }) }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 4 }) }) },
  );
  const play = async (steps: Step[]) => {
    const organizationId = ids.next();
    const texts = new Map<string, string>();
    const idOf = new Map<string, string>();
    let changes = 0;
    for (const one of steps) {
      if ('put' in one) {
        const given = one.put.map(({ key, family, changed }) => documentOf(`${key}`, textOf(family, changed)));
        const replaced = await corpus.replaceDocuments(organizationId, given);
        const keys = new Set(given.map(({ externalId }) => externalId));
        changes += keys.size;
        given.forEach(({ externalId, text }, place) => {
          const expected = idOf.has(externalId) ? 'updated' : 'created';
          if (!texts.has(externalId) || expected === 'updated') expect(replaced[place]?.outcome).toBe(expected);
          texts.set(externalId, text);
        });
        for (const [place, { externalId }] of given.entries()) idOf.set(externalId, replaced[place]?.documentId ?? '');
      } else {
        const asked = one.remove.map((key) => idOf.get(`${key}`) ?? ids.next());
        const present = new Set(one.remove.map(String).filter((key) => idOf.has(key)));
        const { deleted } = await corpus.deleteDocuments(organizationId, asked);
        expect(new Set(deleted).size).toBe(present.size);
        changes += present.size;
        for (const key of present) {
          texts.delete(key);
          idOf.delete(key);
        }
      }
      const rows = await rowsOf(organizationId);
      expect(new Map(rows.map((row) => [row.external_id, row.text]))).toEqual(texts);
      expectTrueLinks(rows);
    }
    expect(await countOf('corpus_chunks', organizationId)).toBe(texts.size * 2);
    expect(await countOf('corpus_embeddings', organizationId)).toBe(texts.size * 2);
    expect(await countOf('corpus_entities', organizationId)).toBe(texts.size);
    expect(await countOf('corpus_signatures', organizationId)).toBe(texts.size);
    const originals = await countOf('corpus_documents', organizationId, 'duplicate_of is null');
    expect(await countOf('corpus_signature_bands', organizationId)).toBe(originals * 12);
    expect(await countOf('corpus_changes', organizationId, `kind <> 'space'`)).toBe(changes);
    expect(await countOf('platform_outbox', organizationId)).toBe(changes);
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 8 }), play), { numRuns: 40 });
  await corpus.close();
}, 120_000);

describe('a batch', () => {
  test('that is given the same external id twice keeps the later', async () => {
    const corpus = openCorpus();
    const organizationId = ids.next();
    const replaced = await corpus.replaceDocuments(organizationId, [
      documentOf('a', 'first text'),
      documentOf('b', 'between them'),
      documentOf('a', 'second text'),
    ]);
    expect(replaced[0]).toEqual(replaced[2]);
    expect((await rowsOf(organizationId)).map(({ text }) => text).sort()).toEqual(['between them', 'second text']);
    const found = await corpus.findDocuments(organizationId, [
      { collectionId: undefined, externalId: 'none' },
      { collectionId: undefined, externalId: 'a' },
    ]);
    expect(found[0]).toBeUndefined();
    expect(found[1]).toMatchObject({ documentId: replaced[0]?.documentId, contentHash: sha256('second text') });
    await corpus.close();
  });

  test('leaves nothing when what ran within throws', async () => {
    const corpus = openCorpus();
    const organizationId = ids.next();
    const within = async () => {
      throw new Error('the fence');
    };
    const write = corpus.replaceDocuments(organizationId, [documentOf('a', 'some text')], { within });
    await expect(write).rejects.toThrow('the fence');
    expect(await rowsOf(organizationId)).toEqual([]);
    const [kept] = await corpus.replaceDocuments(organizationId, [documentOf('a', 'some text')]);
    await expect(corpus.deleteDocument(organizationId, kept?.documentId ?? '', { within })).rejects.toThrow(
      'the fence',
    );
    expect(await rowsOf(organizationId)).toHaveLength(1);
    await corpus.close();
  });

  test('is refused when it is too large, unless it is one document', async () => {
    const corpus = openCorpus(space, { maxBatchBytes: 2 ** 20 });
    const organizationId = ids.next();
    const large = 'x'.repeat(700_000);
    await expect(
      corpus.replaceDocuments(organizationId, [documentOf('a', large), documentOf('b', large)]),
    ).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
    await corpus.replaceDocuments(organizationId, [documentOf('a', large)]);
    await corpus.close();
  });

  test('waits for no other that shares documents with it, and their copies find each other', async () => {
    const corpus = openCorpus();
    const organizationId = ids.next();
    const batch = (from: number) =>
      Array.from({ length: 10 }, (_, place) =>
        documentOf(`${(from * 7 + place * 3) % 20}`, textOf(0, []), { title: `${from}` }),
      );
    await Promise.all(Array.from({ length: 12 }, (_, from) => corpus.replaceDocuments(organizationId, batch(from))));
    const rows = await rowsOf(organizationId);
    expect(rows).toHaveLength(20);
    expectTrueLinks(rows);
    expect(rows.filter((row) => row.duplicate_of === null)).toHaveLength(1);
    await corpus.close();
  });

  describe('with a large new document', () => {
    const largeOf = (externalId: string, from: number): NewDocument => {
      const text = Array.from({ length: 250 }, (_, index) => `line${from + index}`).join('\n');
      const [chunk] = documentOf(externalId, text).chunks;
      const chunks = text.split('\n').map((line, ordinal) => {
        const start = text.indexOf(line);
        return { ...chunk, ordinal, start, end: start + line.length, text: line } as NewDocument['chunks'][number];
      });
      return documentOf(externalId, text, { chunks });
    };

    test('writes its chunks before it waits for the collection', async () => {
      const corpus = openCorpus();
      const organizationId = ids.next();
      await corpus.replaceDocument(organizationId, documentOf('first', 'makes the collection'));
      const held = Promise.withResolvers<void>();
      const holder = corpus.replaceDocuments(organizationId, [documentOf('small', 'holds the collection')], {
        within: () => held.promise,
      });
      const large = corpus.replaceDocument(organizationId, largeOf('large', 0));
      const waiting = () =>
        testDatabase.adminSql<{ count: number }>(
          `select count(*)::int from pg_stat_activity join pg_locks using (pid)
           where wait_event_type = 'Lock' and query like '%corpus_collections%' and mode = 'RowExclusiveLock'
             and relation = 'corpus_chunks'::regclass`,
        );
      await expect.poll(waiting, { timeout: 20_000 }).toEqual([{ count: 1 }]);
      held.resolve();
      expect(await large).toMatchObject({ outcome: 'created', chunks: 250 });
      await holder;
      expect(await countOf('corpus_chunks', organizationId)).toBe(254);
      await corpus.close();
    });

    test('that somebody else makes at the same time leaves one whole version of it', async () => {
      const corpus = openCorpus();
      const organizationId = ids.next();
      await corpus.replaceDocument(organizationId, documentOf('first', 'makes the collection'));
      const write = async (from: number): Promise<void> => {
        await corpus.replaceDocument(organizationId, largeOf('large', from)).catch(async (error: unknown) => {
          expect(error).toMatchObject({ code: 'DOCUMENT_CONFLICT' });
          await write(from);
        });
      };
      await Promise.all([write(0), write(1000), write(2000)]);
      expect(await rowsOf(organizationId)).toHaveLength(2);
      expect(await countOf('corpus_chunks', organizationId)).toBe(252);
      const [torn] = await testDatabase.adminSql<{ count: number }>(
        `select count(*)::int from corpus_chunks as chunk join corpus_documents as document
           on document.id = chunk.document_id
         where chunk.organization_id = $1 and strpos(document.text, chunk.text) = 0`,
        [organizationId],
      );
      expect(torn).toEqual({ count: 0 });
      await corpus.close();
    });
  });

  test('tells of each document what the catalogue says', async () => {
    const corpus = openCorpus();
    const organizationId = ids.next();
    await corpus.replaceDocuments(organizationId, [
      documentOf('a', 'one text', { sourceUrl: 'https://example.org/a', driveUrl: 'https://drive.example.org/a' }),
      documentOf('b', 'other text', { analysis: undefined }),
    ]);
    const events = await testDatabase.adminSql<{ data: object }>(
      `select data from platform_outbox where organization_id = $1 order by id`,
      [organizationId],
    );
    for (const { data } of events) corpusEvents['document.indexed'].parse(data);
    expect(events[0]?.data).toMatchObject({
      collection_name: 'default',
      document_type: 'report',
      tags: ['a', 'b'],
      source_url: 'https://example.org/a',
      drive_url: 'https://drive.example.org/a',
    });
    await corpus.close();
  });
});

describe('what is known of a document', () => {
  test('is shown and filtered by', async () => {
    const corpus = openCorpus();
    const organizationId = ids.next();
    const [first] = await corpus.replaceDocuments(organizationId, [
      documentOf('a', 'one text'),
      documentOf('b', 'other text', { analysis: undefined }),
    ]);
    const shown = await corpus.readDocument(organizationId, first?.documentId ?? '');
    expect(shown).toMatchObject({ language: 'en', document_type: 'report', category: 'legal', tags: ['a', 'b'] });
    expect(shown.entities).toEqual([{ kind: 'person', name: 'Ada', mentions: 2, confidence: expect.closeTo(0.9) }]);
    for (const filter of [{ language: 'en' }, { type: 'report' }, { category: 'legal' }, { tag: 'b' }]) {
      const { items } = await corpus.listDocuments(organizationId, { ...filter, limit: 10 });
      expect(items.map((item) => item.external_id)).toEqual(['a']);
    }
    expect((await corpus.listDocuments(organizationId, { tag: 'none', limit: 10 })).items).toEqual([]);
    await corpus.close();
  });
});

describe('vectors', () => {
  test('are found again by what was embedded, in the same organization only', async () => {
    const corpus = openCorpus();
    const organizationId = ids.next();
    await corpus.replaceDocuments(organizationId, [documentOf('a', 'abcdef')]);
    const found = await corpus.findVectors(organizationId, [sha256('abc'), sha256('none')]);
    expect([...found]).toEqual([[sha256('abc'), Float32Array.of(1, 0)]]);
    expect(await corpus.findVectors(ids.next(), [sha256('abc')])).toEqual(new Map());
    await corpus.close();
  });

  test('of another space are built beside the old ones and swapped when all are there', async () => {
    const organizationId = ids.next();
    const before = openCorpus();
    await before.replaceDocuments(
      organizationId,
      Array.from({ length: 5 }, (_, place) => documentOf(`${place}`, textOf(place, []))),
    );
    const other: VectorSpace = { ...space, model: 'two', dimensions: 3 };
    const after = openCorpus(other);
    const [collectionId] = await after.collectionsToReembed(organizationId);
    const look = async () => (await after.openIndexes(organizationId, {})).indexes[0];
    const cold = await look();
    expect(cold?.lacksVectors).toBe(true);
    expect(cold?.index.vector(Float32Array.of(1, 0, 0), 5)).toEqual([]);
    expect(cold?.index.keyword('w3x5', 5)).toHaveLength(1);

    await after.beginSpace(organizationId, collectionId ?? '', other);
    await expect(after.swapSpace(organizationId, collectionId ?? '')).rejects.toMatchObject({
      code: 'SPACE_INCOMPLETE',
    });
    const embed = async (chunks: readonly unknown[]) =>
      chunks.map(() => ({ vector: Float32Array.of(0, 1, 0), embeddedTextHash: undefined }));
    const signal = AbortSignal.timeout(10_000);
    expect(await after.reembedSome(organizationId, collectionId ?? '', embed, signal)).toEqual({
      embedded: 10,
      isDone: true,
    });
    await expect.poll(async () => (await look())?.lacksVectors).toBe(false);
    expect((await look())?.index.vector(Float32Array.of(0, 1, 0), 20)).toHaveLength(10);
    expect(await after.collectionsToReembed(organizationId)).toEqual([]);
    expect(await countOf('corpus_embeddings', organizationId)).toBe(10);
    await before.close();
    await after.close();
  });
});
