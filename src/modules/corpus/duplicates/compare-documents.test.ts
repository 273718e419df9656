import { expect, test } from 'vitest';
import { signatureOf } from '#platform/text/min-hash.ts';
import type { CorpusTransaction } from '../store.ts';
import { type Compared, createComparer } from './compare-documents.ts';

const text = Array.from({ length: 50 }, (_, index) => `word${index}`).join(' ');

/** Texts that tell how many of them were looked at. */
function countedTexts(ids: readonly string[]) {
  const read: string[] = [];
  const texts = new Map(ids.map((id) => [id, text]));
  const get = texts.get.bind(texts);
  texts.get = (id) => {
    read.push(id);
    return get(id);
  };
  return { texts, read };
}

const long = (id: string): Compared => ({
  id,
  textHash: id,
  characters: 900_000,
  signature: signatureOf(text),
  bands: [],
});

test('of long texts only a few are read for one document, and the others are judged by their signatures', async () => {
  const names = Array.from({ length: 40 }, (_, index) => `original ${index}`);
  const { texts, read } = countedTexts(['document', ...names]);
  const compare = createComparer(undefined as unknown as CorpusTransaction, texts);
  const matches = await compare(long('document'), names.map(long));
  expect(matches).toHaveLength(40);
  expect(read.length).toBeLessThanOrEqual(5);
});
