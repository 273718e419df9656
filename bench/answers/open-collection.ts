/** A collection without a database: parsed, chunked, embedded and searched by the product's own code. */

import type { Gateway } from '#modules/gateway/index.ts';
import { chunkDocument } from '#modules/ingestion/chunkers/chunk-document.ts';
import { ingestionConfig } from '#modules/ingestion/config.ts';
import { toEmbeddingText } from '#modules/ingestion/embedding-text.ts';
import { toCanonicalText } from '#modules/ingestion/parsing/canonical-text.ts';
import { parseDocument } from '#modules/ingestion/parsing/parse-document.ts';
import type { Format } from '#modules/ingestion/ports.ts';
import type { FoundPassage } from '#modules/retrieval/index.ts';
import { createRetrieval, retrievalConfig } from '#modules/retrieval/index.ts';
import { systemClock } from '#platform/clock.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';

export type BenchFile = { name: string; bytes: Uint8Array; format: Format };

export type BenchCollection = {
  search(query: string, limit: number): Promise<{ passages: FoundPassage[]; confidence: number }>;
  /** Canonical text by document. */
  texts: ReadonlyMap<string, string>;
  chunks: number;
};

type Served = Omit<FoundPassage, 'score' | 'legs'>;

export async function openCollection(files: readonly BenchFile[], gateway: Gateway): Promise<BenchCollection> {
  const signal = new AbortController().signal;
  const settings = ingestionConfig.parse({});
  const index = createSearchIndex({ dimensions: gateway.embeddingSpace.dimensions });
  const passages = new Map<string, Served>();
  const texts = new Map<string, string>();
  for (const { name, bytes, format } of files) {
    const document = await parseDocument(format, bytes, { filename: name });
    const title =
      document.title ??
      toCanonicalText(name)
        .replace(/\.\w+$/, '')
        .replaceAll('_', ' ');
    texts.set(name, document.text);
    const options = {
      maxTokens: settings.chunkTokens,
      overlapTokens: settings.overlapTokens,
      countTokens: gateway.countTokens,
    };
    const chunks = [...chunkDocument(document, options)];
    const vectors = await gateway.embed(
      chunks.map((chunk) => toEmbeddingText(title, chunk)),
      signal,
    );
    for (const [ordinal, chunk] of chunks.entries()) {
      const id = `${name}#${String(ordinal).padStart(5, '0')}`;
      const { headingPath, page, text, start, end } = chunk;
      passages.set(id, { chunkId: id, documentId: name, collectionId: '', title, headingPath, page, text, start, end });
      index.add({ id, title: [title, ...headingPath].join('\n'), body: text, vector: vectors[ordinal] });
    }
  }
  const retrieval = createRetrieval({
    corpus: {
      openIndexes: async () => ({ indexes: [{ collectionId: '', index }], position: '' }),
      readPassages: async (_organizationId, ids) => ids.flatMap((id) => passages.get(id) ?? []),
    },
    gateway,
    clock: systemClock,
    config: retrievalConfig.parse({}),
  });
  return { search: (query, limit) => retrieval.search('', { query, limit }, signal), texts, chunks: passages.size };
}
