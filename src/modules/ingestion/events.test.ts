import { expect, test } from 'vitest';
import { corpusEvents } from '#modules/corpus/events.ts';
import { toCorpusExternalId } from './sources/corpus-external-id.ts';

test('the longest name that a source may give a document fits what is announced of it', () => {
  const id = '01890a5d-ac96-774b-bcce-b302099a8057';
  const event = {
    document_id: id,
    collection_id: id,
    external_id: toCorpusExternalId({ id, kind: 'api' }, 'x'.repeat(2000)),
    title: 'Title',
    searchable: true,
  };
  expect(corpusEvents['document.indexed'].parse(event)).toEqual(event);
});
