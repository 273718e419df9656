import { z } from 'zod';
import { idSchema } from './contract.ts';

const subject = z.strictObject({ document_id: idSchema, collection_id: idSchema });

/** What corpus announces. Ids only; content is read again inside the organization. */
export const corpusEvents = {
  'document.indexed': subject.describe('A document or a new version of it is stored and searchable.'),
  'document.deleted': subject.describe('A document is gone, with its chunks and vectors.'),
} as const;
