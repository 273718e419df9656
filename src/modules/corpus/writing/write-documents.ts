/** What one transaction does to write a batch of documents, in about as many statements for 1 as for 200. */
import type { Clock } from '#platform/clock.ts';
import { AppError, assert } from '#platform/errors.ts';
import { recordEvents } from '#platform/events/index.ts';
import type { Ids } from '#platform/ids.ts';
import type { CorpusConfig } from '../config.ts';
import { settleDuplicates } from '../duplicates/settle-duplicates.ts';
import { corpusErrors } from '../errors.ts';
import type { NewDocument, VectorSpace } from '../service.ts';
import type { CorpusTransaction } from '../store.ts';
import { slicesOf, toChunkRows, toComparedDocument, toDocumentRow, toEntityRows } from './document-rows.ts';
import { insertAhead } from './insert-ahead.ts';
import { lockPlaces, type Places } from './places.ts';
import {
  type DocumentRow,
  deleteDerived,
  forgetPlans,
  insertChunks,
  insertEntities,
  recordChanges,
  upsertDocuments,
  type WrittenDocument,
} from './store.ts';

/** From here on planning anew costs less than the checks may. */
const manyChunks = 20;

export type Batch = {
  organizationId: string;
  documents: readonly NewDocument[];
  correlationId: string | undefined;
};

export type Written = { documentId: string; created: boolean; chunks: number; position: { xid: string; id: string } };

type Dependencies = {
  ids: Ids;
  clock: Clock;
  space: VectorSpace;
  config: Pick<CorpusConfig, 'maxEntitiesPerDocument'>;
};

/** A document with its row as it was given and as the database has it. */
type Piece = { document: NewDocument; row: DocumentRow; stored: WrittenDocument };

export function createDocumentWriter({ ids, clock, space, config }: Dependencies) {
  /** One answer for each document, in their order. Of two with one key the later stays. */
  return async (transaction: CorpusTransaction, batch: Batch): Promise<Written[]> => {
    const { organizationId, documents } = batch;
    for (const document of documents) requireDimensions(document, space.dimensions);
    const ahead = await insertAhead(transaction, { organizationId, documents }, { ids, space });
    const places = await lockPlaces(transaction, { organizationId, ids, space }, documents);
    const pieces = await upsert(transaction, batch, places, ahead);
    const left = pieces.filter(({ document }) => !ahead.has(document));
    await insertChunksOf(transaction, ids, { organizationId, spaceId: places.spaceId }, left);
    await insertEntitiesOf(transaction, { ids, config }, organizationId, pieces);
    for (const { id } of places.collections) await settleIn(transaction, organizationId, id, pieces);
    await announce(transaction, batch, pieces, places);
    const answers = new Map(pieces.map((piece) => [keyOf(piece.row), toWritten(piece)]));
    return documents.map((document) => {
      const { id: collectionId } = places.collectionOf(document);
      const answer = answers.get(keyOf({ collectionId, externalId: document.externalId }));
      assert(answer !== undefined, 'Every document that was given is written.');
      return answer;
    });
  };

  async function upsert(
    transaction: CorpusTransaction,
    { organizationId, documents }: Batch,
    places: Places,
    ahead: ReadonlyMap<NewDocument, string>,
  ): Promise<Piece[]> {
    const latest = new Map<string, { document: NewDocument; row: DocumentRow }>();
    for (const document of documents) {
      const id = ahead.get(document) ?? ids.next();
      const row = toDocumentRow(document, { id, collectionId: places.collectionOf(document).id }, ids);
      latest.set(keyOf(row), { document, row });
    }
    const rows = [...latest.values()].map(({ row }) => row);
    const written = await upsertDocuments(transaction, organizationId, rows);
    return written.map((stored) => {
      const given = latest.get(keyOf(stored));
      assert(given !== undefined, 'Only what was given is written.');
      const expectedId = ahead.get(given.document);
      if (expectedId !== undefined && stored.id !== expectedId) throw madeMeanwhile();
      return { ...given, stored };
    });
  }

  async function announce(
    transaction: CorpusTransaction,
    { organizationId, correlationId }: Batch,
    pieces: readonly Piece[],
    { collections }: Places,
  ): Promise<void> {
    const changes = pieces.map(({ row, stored }) => ({
      id: row.changeId,
      collectionId: row.collectionId,
      documentId: stored.id,
    }));
    await recordChanges(transaction, { organizationId, kind: 'upsert' }, changes);
    const nameOf = new Map(collections.map(({ id, name }) => [id, name]));
    const indexedAt = clock.now().toISOString();
    const events = pieces.map(({ row, stored }) => ({
      id: ids.next(),
      organizationId,
      type: 'document.indexed',
      correlationId,
      data: {
        document_id: stored.id,
        collection_id: row.collectionId,
        collection_name: nameOf.get(row.collectionId),
        external_id: row.externalId,
        title: row.title,
        indexed_at: indexedAt,
        searchable: true,
        document_type: row.documentType,
        tags: row.tags,
        source_url: row.sourceUrl,
        drive_url: stored.driveUrl ?? undefined,
      },
    }));
    await recordEvents(transaction, events);
  }
}

/** Chunks and vectors, in place of those of the version before. */
async function insertChunksOf(
  transaction: CorpusTransaction,
  ids: Ids,
  target: { organizationId: string; spaceId: string },
  pieces: readonly Piece[],
): Promise<void> {
  const changed = pieces.filter(({ stored }) => !stored.created).map(({ stored }) => stored.id);
  if (changed.length > 0) await deleteDerived(transaction, changed);
  const count = pieces.reduce((sum, { document }) => sum + document.chunks.length, 0);
  if (count >= manyChunks) await forgetPlans(transaction);
  const written = pieces.map(({ document, stored }) => ({ document, id: stored.id }));
  for (const slice of slicesOf(toChunkRows(written, ids))) await insertChunks(transaction, target, slice);
}

async function insertEntitiesOf(
  transaction: CorpusTransaction,
  { ids, config }: Pick<Dependencies, 'ids' | 'config'>,
  organizationId: string,
  pieces: readonly Piece[],
): Promise<void> {
  const entities = pieces.flatMap(({ document, stored }) =>
    toEntityRows(document, stored.id, ids, config.maxEntitiesPerDocument),
  );
  if (entities.length > 0) await insertEntities(transaction, organizationId, entities);
}

/** Its chunks belong to a document that is not there now; coming again, it finds the one that is. */
function madeMeanwhile(): AppError {
  return new AppError('DOCUMENT_CONFLICT', 'conflict', corpusErrors.DOCUMENT_CONFLICT);
}

async function settleIn(
  transaction: CorpusTransaction,
  organizationId: string,
  collectionId: string,
  pieces: readonly Piece[],
): Promise<void> {
  const here = pieces.filter(({ row }) => row.collectionId === collectionId);
  await settleDuplicates(
    transaction,
    { organizationId, collectionId },
    {
      written: here.map(({ document, row, stored }) => toComparedDocument(document, stored.id, row.textHash)),
      ended: here.filter(({ stored }) => !stored.created).map(({ stored }) => stored.id),
      texts: new Map(here.map(({ document, stored }) => [stored.id, document.text])),
    },
  );
}

const keyOf = ({ collectionId, externalId }: { collectionId: string; externalId: string }): string =>
  `${collectionId} ${externalId}`;

function toWritten({ row, stored }: Piece): Written {
  return {
    documentId: stored.id,
    created: stored.created,
    chunks: row.chunkCount,
    position: { xid: stored.changeXid, id: row.changeId },
  };
}

/** An index cannot take any other vector, and would fail at every loading. */
function requireDimensions({ chunks }: NewDocument, dimensions: number): void {
  const fits = chunks.every(({ vector }) => vector === undefined || vector.length === dimensions);
  assert(fits, 'A vector has the length of its embedding space.');
}
