import { z } from 'zod';
import { type Route, route } from '#platform/http/route.ts';
import {
  type CollectionView,
  collectionSchema,
  createCollectionBody,
  type DocumentView,
  documentDetailSchema,
  documentSchema,
  documentText,
  documentTextQuery,
  idSchema,
  listDocumentsQuery,
  listOf,
  pageQuery,
} from './contract.ts';
import type { Corpus, ListedCollection, ListedDocument } from './service.ts';

const tag = 'corpus';
const documentParams = z.strictObject({ document_id: idSchema });
const collectionParams = z.strictObject({ collection_id: idSchema });

function presentDocument(row: ListedDocument): DocumentView {
  return {
    id: row.id,
    collection_id: row.collection_id,
    external_id: row.external_id,
    title: row.title,
    media_type: row.media_type,
    size_bytes: Number(row.size_bytes),
    characters: row.characters,
    chunks: row.chunk_count,
    content_hash: row.content_hash,
    language: row.language,
    document_type: row.document_type,
    category: row.category,
    tags: row.tags,
    classification_confidence: row.classification_confidence,
    routing_hint: row.routing_hint,
    source_url: row.source_url,
    drive_url: row.drive_url,
    duplicate_of: row.duplicate_of,
    duplicate_similarity: row.duplicate_similarity,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

function presentCollection(row: ListedCollection): CollectionView {
  return { id: row.id, name: row.name, documents: row.documents, created_at: row.created_at.toISOString() };
}

export function corpusRoutes(corpus: Corpus): Route[] {
  return [...documentRoutes(corpus), ...collectionRoutes(corpus)];
}

function documentRoutes(corpus: Corpus): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/documents',
      permission: 'documents:read',
      summary: 'Lists documents, newest first.',
      tag,
      request: { query: listDocumentsQuery },
      responses: { 200: listOf(documentSchema) },
      async handle({ caller, query }) {
        const page = await corpus.listDocuments(caller.organizationId, {
          collectionId: query.collection_id,
          externalId: query.external_id,
          language: query.language,
          type: query.type,
          category: query.category,
          tag: query.tag,
          cursor: query.cursor,
          limit: query.limit,
        });
        return { status: 200, body: { items: page.items.map(presentDocument), next_cursor: page.nextCursor ?? null } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/documents/{document_id}',
      permission: 'documents:read',
      summary: 'Shows one document with what it names, without its text.',
      tag,
      request: { params: documentParams },
      responses: { 200: documentDetailSchema },
      async handle({ caller, params }) {
        const { entities, ...row } = await corpus.readDocument(caller.organizationId, params.document_id);
        return { status: 200, body: { ...presentDocument(row), entities } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/documents/{document_id}/text',
      permission: 'documents:read',
      summary: 'Gives the stored text between two offsets.',
      tag,
      request: { params: documentParams, query: documentTextQuery },
      responses: { 200: documentText },
      async handle({ caller, params, query }) {
        const slice = await corpus.readText(caller.organizationId, params.document_id, {
          start: query.start,
          end: query.end,
        });
        return { status: 200, body: { document_id: params.document_id, ...slice } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/documents/{document_id}',
      permission: 'documents:write',
      summary: 'Deletes a document with its chunks and vectors.',
      tag,
      request: { params: documentParams },
      responses: { 204: null },
      async handle({ caller, params }) {
        await corpus.deleteDocument(caller.organizationId, params.document_id);
        return { status: 204 };
      },
    }),
  ];
}

function collectionRoutes(corpus: Corpus): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/collections',
      permission: 'documents:read',
      summary: 'Lists collections, newest first.',
      tag,
      request: { query: pageQuery },
      responses: { 200: listOf(collectionSchema) },
      async handle({ caller, query }) {
        const page = await corpus.listCollections(caller.organizationId, query);
        return {
          status: 200,
          body: { items: page.items.map(presentCollection), next_cursor: page.nextCursor ?? null },
        };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/collections',
      permission: 'documents:write',
      summary: 'Makes a collection.',
      tag,
      request: { body: createCollectionBody },
      responses: { 201: collectionSchema },
      handle: async ({ caller, body }) => ({
        status: 201,
        body: presentCollection(await corpus.createCollection(caller.organizationId, body.name)),
      }),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/collections/{collection_id}',
      permission: 'documents:write',
      summary: 'Deletes an empty collection.',
      tag,
      request: { params: collectionParams },
      responses: { 204: null },
      async handle({ caller, params }) {
        await corpus.deleteCollection(caller.organizationId, params.collection_id);
        return { status: 204 };
      },
    }),
  ];
}
