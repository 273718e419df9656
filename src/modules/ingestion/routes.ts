import { type Route, route } from '#platform/http/route.ts';
import type { IngestionConfig } from './config.ts';
import { uploadQuery, uploadReply } from './contract.ts';
import type { Ingestion } from './ingestion.ts';

/** A large file is read for up to half a minute and then cut and embedded. */
const uploadTimeoutMs = 180_000;

export function ingestionRoutes(ingestion: Ingestion, config: IngestionConfig): Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/documents',
      permission: 'documents:write',
      summary: 'Makes a document searchable: send the bytes of the file as the body.',
      tag: 'ingestion',
      request: { query: uploadQuery, body: 'bytes' },
      responses: { 200: uploadReply, 201: uploadReply },
      maxBodyBytes: config.maxFileBytes,
      timeoutMs: uploadTimeoutMs,
      mayRepeat: true,
      async handle({ caller, query, body, signal }) {
        const { filename, external_id: externalId = filename, collection_id: collectionId, title } = query;
        const file = { filename, bytes: body, externalId, collectionId, title };
        const ingested = await ingestion.ingest(caller.organizationId, file, signal);
        const { documentId, ...rest } = ingested;
        return {
          status: rest.outcome === 'created' ? 201 : 200,
          body: { document_id: documentId, ...rest },
        };
      },
    }),
  ];
}
