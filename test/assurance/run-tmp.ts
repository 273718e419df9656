/**
 * Near-duplicates: pairs with a known Jaccard similarity among many documents, written in batches by two writers at once
 * into the real database. Those of 0.97 and more must be linked, those of 0.90 and less must not.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createCorpus } from '#modules/corpus/corpus.ts';
import { corpusConfig, type NewDocument } from '#modules/corpus/index.ts';
import { systemClock } from '#platform/clock.ts';
import { createCursors } from '#platform/cursor.ts';
import { createIds } from '#platform/ids.ts';
import { bootstrapLogins } from '#platform/postgres/bootstrap-logins.ts';
import { databaseConfig } from '#platform/postgres/config.ts';
import { openDatabase } from '#platform/postgres/database.ts';
import { startEmbeddedPostgres } from '#platform/postgres/embedded/embedded-postgres.ts';
import { findMigrations } from '#platform/postgres/find-migrations.ts';
import { deriveLoginUrls, socketUrl } from '#platform/postgres/logins.ts';
import { migrate } from '#platform/postgres/migrate.ts';
import { systemRandom } from '#platform/random.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import { Secret } from '#platform/secret.ts';
import { signatureOf } from '#platform/text/min-hash.ts';
import { createSeededRandom, type SeededRandom } from '../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';

const sizes = { ci: 5000, full: 10_000 };
const bound = 0.98;
const wordsPerText = 400;
const documentsPerBatch = 50;

type Planted = { key: string; text: string; pair: number | undefined };
type Pair = { left: string; right: string; similarity: number };

export const program: AssuranceProgram = {
  describe: 'Near-duplicates: planted pairs of known similarity are linked from 0.97 and not up to 0.90',
  async run(context: AssuranceContext): Promise<AssuranceOutcome> {
    const trial = await openTrial(context);
    try {
      return await trial.run();
    } finally {
      await trial.close();
    }
  },
};

async function openTrial({ seed, full, log }: AssuranceContext) {
  const random = createSeededRandom(seed);
  const { database, stop } = await openPostgres();
  const ids = createIds(systemClock, systemRandom);
  const organizationId = ids.next();
  const corpus = createCorpus({
    db: database.withTables(),
    space: { provider: 'none', model: 'none', revision: '1', dimensions: 2, normalised: true },
    createIndex: (dimensions) => createSearchIndex({ dimensions }),
    cursors: createCursors(new Secret('cursors of a trial')),
    clock: systemClock,
    ids,
    config: corpusConfig.parse({}),
    onFollowError: (error) => log(String(error)),
  });

  async function writeAll(documents: readonly NewDocument[]): Promise<void> {
    let next = 0;
    const writer = async (): Promise<void> => {
      while (next < documents.length) {
        const batch = documents.slice(next, next + documentsPerBatch);
        next += documentsPerBatch;
        await corpus.replaceDocuments(organizationId, batch);
      }
    };
    await Promise.all([writer(), writer()]);
  }

  /** Pairs that are linked, each as `left right` of its external ids, in order. */
  async function linkedPairs(): Promise<Set<string>> {
    const keyOf = new Map<string, string>();
    const links: [string, string][] = [];
    let cursor: string | undefined;
    do {
      const page = await corpus.listDocuments(organizationId, { limit: 200, cursor });
      for (const { id, external_id: key, duplicate_of: original } of page.items) {
        keyOf.set(id, key);
        if (original !== null) links.push([id, original]);
      }
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return new Set(
      links.map((ids) =>
        ids
          .map((id) => keyOf.get(id))
          .sort()
          .join(' '),
      ),
    );
  }

  return {
    async run(): Promise<AssuranceOutcome> {
      const { documents, pairs } = plant(random, full ? sizes.full : sizes.ci);
      const started = performance.now();
      await writeAll(random.shuffle(documents).map(toDocument));
      const seconds = (performance.now() - started) / 1000;
      log(`${documents.length} documents in ${seconds.toFixed(1)} s`);
      const linked = await linkedPairs();
      const same = pairs.filter(({ similarity }) => similarity >= 0.97);
      const different = pairs.filter(({ similarity }) => similarity <= 0.9);
      const isLinked = ({ left, right }: Pair) => linked.has([left, right].sort().join(' '));
      const found = same.filter(isLinked).length;
      const recall = found / same.length;
      const precision = found / linked.size;
      return {
        n: documents.length,
        figures: {
          pairs_to_link: same.length,
          pairs_not_to_link: different.length,
          linked: linked.size,
          linked_wrongly: linked.size - found,
          precision,
          recall,
          documents_per_second: Math.round(documents.length / seconds),
        },
        pass: precision >= bound && recall >= bound && same.length > 0 && !different.some(isLinked),
      };
    },
    async close() {
      await corpus.close();
      await database.close();
      await stop();
    },
  };
}

/** Two in five documents belong to a pair to be linked, two in five to one that must not be. */
function plant(random: SeededRandom, count: number): { documents: Planted[]; pairs: Pair[] } {
  const documents: Planted[] = [];
  const pairs: Pair[] = [];
  while (documents.length < count) {
    const number = documents.length;
    const words = Array.from({ length: wordsPerText }, () => `word${random.integer(20_000).toString(36)}`);
    const kind = random.integer(3);
    documents.push({ key: `left-${number}`, text: words.join(' '), pair: undefined });
    if (kind === 2) continue;
    const changes = kind === 0 ? random.integer(3) : 7 + random.integer(10);
    const changed = [...words];
    // Far enough apart that no shingle is changed twice, so that 2 changes leave 0.9703 and 7 leave 0.8998.
    const offset = random.integer(wordsPerText / 20);
    for (let change = 0; change < changes; change += 1) changed[change * 20 + 2 + offset] = `other${number}x${change}`;
    const [left, right] = [words.join(' '), changed.join(' ')];
    documents.push({ key: `right-${number}`, text: right, pair: number });
    pairs.push({ left: `left-${number}`, right: `right-${number}`, similarity: exactSimilarity(left, right) });
  }
  return { documents, pairs };
}

/** Independent of the product's own: by the words themselves, not by hashes. */
function exactSimilarity(left: string, right: string): number {
  const setOf = (text: string) => {
    const words = text.toLowerCase().split(' ');
    return new Set(words.slice(2).map((_, index) => words.slice(index, index + 3).join(' ')));
  };
  const [one, other] = [setOf(left), setOf(right)];
  const both = [...one].filter((shingle) => other.has(shingle)).length;
  return both / (one.size + other.size - both);
}

function toDocument({ key, text }: Planted): NewDocument {
  const content = { start: 0, end: text.length, text, headingPath: [], page: undefined, tokens: 1, vector: undefined };
  return {
    collectionId: undefined,
    externalId: key,
    title: key,
    mediaType: 'text/plain',
    contentHash: key,
    sizeBytes: text.length,
    text,
    chunks: [{ ordinal: 0, ...content }],
    pipeline: 'trial',
    analysis: {
      language: 'und',
      classification: { type: 'other', category: 'general', tags: [], confidence: 0, routingHint: undefined },
      entities: [],
      signature: signatureOf(text),
    },
  };
}

async function openPostgres() {
  const home = mkdtempSync(path.join(os.tmpdir(), 'nexus-duplicates-'));
  const adminPassword = new Secret(randomBytes(16).toString('hex'));
  const loginSecret = new Secret(randomBytes(16).toString('hex'));
  const { embedded } = databaseConfig.parse({});
  const server = await startEmbeddedPostgres({ home, config: embedded, adminPassword, overrides: { settings: { session_preload_libraries: 'auto_explain', 'auto_explain.log_min_duration': '25', 'auto_explain.log_analyze': 'on', 'auto_explain.log_triggers': 'on' } } });
  const admin = socketUrl(server.socketDirectory, 'postgres', 'postgres', adminPassword);
  await bootstrapLogins(admin, loginSecret);
  const urls = deriveLoginUrls(admin, loginSecret);
  await migrate(urls.owner, await findMigrations(path.resolve(import.meta.dirname, '../../src')));
  return {
    database: openDatabase({ urls, config: databaseConfig.parse({}) }),
    async stop() {
      await server.stop(); (await import('node:child_process')).execSync(`cp ${home}/logs/postgres.log /tmp/dup.log`);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

console.log(JSON.stringify(await program.run({ seed: 7, full: false, log: console.error })));
