import { z } from 'zod';

const id = z.uuid();
const url = z.string().max(4000);

const item = { item_id: id.describe('The document as its source knows it; stays the same over all its revisions.') };
const stored = { document_id: id, ...item };
const accepted = {
  document_id: id.nullable().describe('Null until the document is stored for the first time.'),
  ...item,
  task_id: id.nullable().describe('What a person waits for; null when nobody does.'),
  source_id: id,
  external_id: z.string().max(4000).describe('The source’s own name for it; for Notion the id of the page.'),
};

/** Ids in one `document.chunked`. */
export const mostChunkIdsTold = 1000;

/** What ingestion announces on a document's way to the corpus, which announces the end: `document.indexed`. */
export const ingestionEvents = {
  'document.discovered': z
    .strictObject({
      ...accepted,
      source: z.string().max(100).describe('Kind of the source, e.g. `files`, `notion`.'),
      title: z.string().max(2000).nullable(),
      document_type: z.string().max(200).optional().describe('Media type or kind, where the source tells it.'),
      url: url.nullable().describe('Where a person can open the original.'),
      last_modified: z.iso.datetime().nullable(),
      metadata: z.record(z.string().max(100), z.unknown()).describe('What else is known of it, e.g. its file name.'),
      notion_page_id: z.string().max(100).optional(),
      notion_url: url.optional(),
    })
    .describe('A source has a document that is new or has changed. It is accepted and will be processed.'),
  'document.classified': z
    .strictObject({
      ...stored,
      classification: z.strictObject({
        type: z.string().max(100).describe('What it is, e.g. `report`, `contract`, `documentation`.'),
        category: z.string().max(100).describe('What it is about, e.g. `financial`, `technical`.'),
      }),
      confidence: z.number().min(0).max(1).describe('Probability that type and category are right.'),
      tags: z.array(z.string().max(200)).max(200),
      routing_hint: z.string().max(200).optional().describe('Where the document may be of use.'),
    })
    .describe('The document was read and it is known what it is.'),
  'document.chunked': z
    .strictObject({
      ...stored,
      chunk_count: z.int().min(0),
      total_tokens: z.int().min(0),
      chunk_ids: z.array(id).max(mostChunkIdsTold).describe('At most the first 1,000.'),
    })
    .describe('The document was cut into the pieces that are searched.'),
  'document.embedded': z
    .strictObject({
      ...stored,
      embedding_model: z.string().max(300).describe('`provider:model`.'),
      vector_count: z.int().min(0),
      dimensions: z.int().min(1),
    })
    .describe('The chunks have their vectors.'),
  'document.failed': z
    .strictObject({
      ...accepted,
      stage: z.string().max(50).describe('The stage in which it failed.'),
      code: z.string().max(100).describe('From the list of errors.'),
      message: z.string().max(4000).describe('For the person who reads it.'),
      attempts: z.int().min(1),
    })
    .describe('The document could not be brought in and is not tried again by itself.'),
} as const;
