import { z } from 'zod';
import { idSchema } from './contract.ts';

const subject = { document_id: idSchema, collection_id: idSchema };

/** What corpus announces. Names and ids; the text is read inside the organization. */
export const corpusEvents = {
  'document.indexed': z
    .strictObject({
      ...subject,
      collection_name: z.string().max(100).optional().describe('Absent when the writer named the collection by id.'),
      // A source's own name for it, behind the id of the source.
      external_id: z.string().max(2100).describe('What the sender or source calls it.'),
      title: z.string(),
      indexed_at: z.iso.datetime().optional().describe('Absent: the time of the event.'),
      searchable: z.boolean().describe('True: every search that starts now and asks for this position finds it.'),
      document_type: z.string().max(100).optional().describe('What it is, e.g. `report`; absent when not known.'),
      tags: z.array(z.string().max(100)).max(100).optional(),
      source_url: z.string().max(4000).optional().describe('Where a person can open the original.'),
      drive_url: z.string().max(4000).optional().describe('The same for a document of Google Drive.'),
      notion_page_id: z.string().max(100).optional(),
      notion_url: z.string().max(4000).optional(),
    })
    .describe('A document or a new version of it is stored and searchable: the end of its way.'),
  'document.deleted': z.strictObject(subject).describe('A document is gone, with its chunks and vectors.'),
} as const;
