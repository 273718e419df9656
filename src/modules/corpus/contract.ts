/** What crosses HTTP about collections and documents. Pure: the browser loads it too. */
import { z } from 'zod';

/** Ids are compared as text in more places than the database, so they have one spelling. */
export const idSchema = z.uuid().toLowerCase().describe('UUIDv7.');

/** What an entry of the database's index can hold, whatever script the name is written in. */
const longestNameBytes = 2000;
const fitsIndex = (name: string) => new TextEncoder().encode(name).length <= longestNameBytes;
const nameTooLong = `must be at most ${longestNameBytes} bytes as UTF-8.`;

/** Lists are `{items, next_cursor}`, newest first. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Most items to return, 1 to 200.'),
  cursor: z.string().max(500).optional().describe('`next_cursor` of the page before.'),
});

export const listDocumentsQuery = pageQuery.extend({
  collection_id: idSchema.optional().describe('Only documents of this collection.'),
  external_id: z.string().max(2000).optional().describe('Only documents that their sender calls so.'),
  language: z.string().max(35).optional().describe('Only documents in this language, ISO 639-1 or `und`.'),
  type: z.string().max(100).optional().describe('Only documents of this type, e.g. `report`.'),
  category: z.string().max(100).optional().describe('Only documents of this category, e.g. `legal`.'),
  tag: z.string().max(200).optional().describe('Only documents with this tag.'),
});

export const collectionSchema = z.strictObject({
  id: idSchema,
  name: z.string().describe('Unique in the organization.'),
  documents: z.number().int().describe('Documents in it now.'),
  created_at: z.iso.datetime(),
});

export const createCollectionBody = z.strictObject({
  name: z.string().trim().min(1).max(100).describe('1 to 100 characters, unique in the organization.'),
});

export const documentSchema = z.strictObject({
  id: idSchema,
  collection_id: idSchema,
  external_id: z.string().describe('What the sender calls it; sending it again replaces the document.'),
  title: z.string(),
  media_type: z.string(),
  size_bytes: z.number().int().describe('Size of the original, in bytes.'),
  characters: z.number().int().describe('Length of the stored text, in UTF-16 code units.'),
  chunks: z.number().int(),
  content_hash: z.string().describe('SHA-256 of the original, hexadecimal.'),
  language: z.string().nullable().describe('ISO 639-1, or `und`; null: not looked at.'),
  document_type: z.string().nullable().describe('e.g. `report`, `contract`, `email`.'),
  category: z.string().nullable().describe('e.g. `financial`, `legal`, `technical`.'),
  tags: z.array(z.string()),
  classification_confidence: z.number().nullable().describe('Probability that type and category are right.'),
  routing_hint: z.string().nullable().describe('Where the document may be of use.'),
  source_url: z.string().nullable().describe('Where a person can open the original.'),
  drive_url: z.string().nullable().describe('Of the archived copy.'),
  duplicate_of: idSchema.nullable().describe('The oldest document of the collection that says the same.'),
  duplicate_similarity: z
    .number()
    .nullable()
    .describe('Jaccard similarity of the 3-shingles of words, from 0.95; 1 for the very same text.'),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});

export const documentDetailSchema = documentSchema.extend({
  entities: z
    .array(
      z.strictObject({
        kind: z.enum(['person', 'organization', 'location', 'technical', 'concept']),
        name: z.string().describe('As it stands at its first mention.'),
        mentions: z.number().int(),
        confidence: z.number().describe('Probability, the highest of its mentions.'),
      }),
    )
    .describe('What the document names, the most often mentioned first.'),
});

export const uploadQuery = z.strictObject({
  filename: z
    .string()
    .min(1)
    .max(1000)
    .refine(fitsIndex, nameTooLong)
    .describe('Name with its ending; the ending decides the format.'),
  external_id: z
    .string()
    .min(1)
    .max(2000)
    .refine(fitsIndex, nameTooLong)
    .optional()
    .describe('At most 2,000 bytes as UTF-8. Default: the file name.'),
  collection_id: idSchema.optional().describe('Default: the collection `default`.'),
  title: z.string().min(1).max(500).optional().describe('Default: the document’s own title, else its file name.'),
});

export const uploadReply = z.strictObject({
  document_id: idSchema,
  outcome: z.enum(['created', 'updated', 'unchanged']),
  chunks: z.number().int(),
  position: z.string().describe('Give it as `at_least` to a search that must see this document.'),
  warnings: z.array(z.string()).describe('What had to be guessed while reading, in whole sentences.'),
});

export const documentTextQuery = z.strictObject({
  start: z.coerce.number().int().min(0).default(0).describe('First UTF-16 code unit.'),
  end: z.coerce.number().int().min(0).optional().describe('Exclusive end; at most 200,000 after `start`.'),
});

export const documentText = z.strictObject({
  document_id: idSchema,
  title: z.string(),
  text: z.string(),
  start: z.number().int(),
  end: z.number().int(),
  characters: z.number().int().describe('Length of the whole text.'),
});

/** A chunk that was served. `document.text.slice(start, end) === text`. */
export const passageSchema = z.strictObject({
  chunk_id: idSchema,
  document_id: idSchema,
  collection_id: idSchema,
  title: z.string(),
  heading_path: z.array(z.string()).describe('Headings from the outermost to the nearest.'),
  page: z.number().int().nullable().describe('Page of the original, from 1; null where the format has none.'),
  text: z.string(),
  start: z.number().int(),
  end: z.number().int(),
});

export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next_cursor: z.string().nullable() });

export type DocumentView = z.output<typeof documentSchema>;
export type DocumentDetail = z.output<typeof documentDetailSchema>;
export type CollectionView = z.output<typeof collectionSchema>;
export type UploadReply = z.output<typeof uploadReply>;
export type DocumentText = z.output<typeof documentText>;
