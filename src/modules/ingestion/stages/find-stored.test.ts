import { expect, test } from 'vitest';
import type { FoundDocument } from '#modules/corpus/index.ts';
import { AppError } from '#platform/errors.ts';
import { runBeforeCommit } from '#platform/postgres/before-commit.ts';
import { ingestionConfig } from '../config.ts';
import type { BatchDependencies } from './batch-work.ts';
import { createFindStored } from './find-stored.ts';

const found = (documentId: string) => ({ documentId }) as FoundDocument;

function createSetup() {
  const asked: string[][] = [];
  const findDocuments: BatchDependencies['corpus']['findDocuments'] = async (_organizationId, keys) => {
    asked.push(keys.map(({ externalId }) => externalId));
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (keys.some(({ collectionId }) => collectionId === 'gone')) {
      throw new AppError('COLLECTION_NOT_FOUND', 'not-found', 'There is no such collection.');
    }
    return keys.map(({ externalId }) => (externalId === 'new' ? undefined : found(externalId)));
  };
  const corpus = { findDocuments } as BatchDependencies['corpus'];
  const findStored = createFindStored({ corpus, config: ingestionConfig.parse({}) });
  return {
    asked,
    find: (externalId: string, collectionId?: string) => findStored('acme', { externalId, collectionId }),
  };
}

test('what is asked for at the same time is one question, and each has its own answer', async () => {
  const { asked, find } = createSetup();
  const answers = await Promise.all(['a', 'b', 'new', 'c'].map((name) => find(name)));
  expect(answers.map((answer) => answer?.documentId)).toEqual(['a', 'b', undefined, 'c']);
  expect(asked).toEqual([['a'], ['b', 'new', 'c']]);
});

test('a collection that is not there is told to whoever asked for it, and to nobody else', async () => {
  const { find } = createSetup();
  const answers = await Promise.allSettled([find('a'), find('b'), find('c', 'gone')]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
});

test('a request that adds to its transactions asks by itself', async () => {
  const { asked, find } = createSetup();
  const own = runBeforeCommit(
    'acme',
    async () => undefined,
    () => find('own'),
  );
  await Promise.all([find('a'), own, find('b')]);
  expect(asked).toContainEqual(['own']);
});
