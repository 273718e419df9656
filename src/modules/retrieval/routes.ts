import { type Route, route } from '#platform/http/route.ts';
import { type SearchReply, searchQuery, searchReply } from './contract.ts';
import type { FoundPassage } from './present-passages.ts';
import type { Retrieval } from './retrieval.ts';

export function retrievalRoutes(retrieval: Pick<Retrieval, 'search'>): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/search',
      permission: 'search:read',
      summary: 'Finds the passages that answer a question best, by words and by meaning.',
      tag: 'retrieval',
      request: { query: searchQuery },
      responses: { 200: searchReply },
      async handle({ caller, query, signal }) {
        const { query: question, limit, collection_id: collectionId, at_least: atLeast } = query;
        const request = { query: question, limit, collectionId, atLeast };
        const found = await retrieval.search(caller.organizationId, request, signal);
        const body: SearchReply = {
          query: question,
          passages: found.passages.map(toReply),
          position: found.position,
          took_ms: found.tookMs,
          missing_legs: found.missingLegs,
        };
        return { status: 200, body };
      },
    }),
  ];
}

function toReply(passage: FoundPassage): SearchReply['passages'][number] {
  return {
    chunk_id: passage.chunkId,
    document_id: passage.documentId,
    collection_id: passage.collectionId,
    title: passage.title,
    heading_path: passage.headingPath,
    page: passage.page ?? null,
    text: passage.text,
    start: passage.start,
    end: passage.end,
    score: passage.score,
    legs: passage.legs,
  };
}
