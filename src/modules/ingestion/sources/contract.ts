/** What crosses HTTP about sources. Pure: the browser loads it too. */
import { z } from 'zod';
import { idSchema, listOf, pageQuery, uploadQuery } from '#modules/corpus/contract.ts';
import { itemSchema, taskSchema } from '../contract.ts';

export const sourceParams = z.strictObject({ source_id: idSchema });

export const sourceSchema = z.strictObject({
  id: idSchema,
  kind: z.string().describe('Which connector reads it, e.g. `files`, `api`, `manual`.'),
  name: z.string().describe('Unique in the organization.'),
  collection_id: idSchema.nullable().describe('Null: the collection `default`.'),
  settings: z.record(z.string(), z.unknown()).describe('The connector’s own.'),
  state: z.enum(['active', 'paused']),
  known: z.number().int().describe('Documents at the source, as far as it is known.'),
  searchable: z.number().int().describe('Documents of it that some version is searchable of.'),
  coverage: z.number().min(0).max(1).describe('`searchable` ÷ `known`; 0 until the source was looked at.'),
  failed: z.number().int(),
  pending: z.number().int(),
  is_syncing: z.boolean().describe('Whether somebody looks at it now, or is about to.'),
  failures_in_a_row: z.number().int().describe('Looks that failed since the last that did not.'),
  failure: z
    .strictObject({ code: z.string(), message: z.string() })
    .nullable()
    .describe('Why the last look failed, or what it could not look at.'),
  last_synced_at: z.iso.datetime().nullable(),
  next_sync_at: z.iso.datetime().nullable().describe('Null while it is paused, or pushed to.'),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});

export const listSourcesQuery = pageQuery.extend({
  kind: z.string().max(50).optional().describe('Only sources of this kind.'),
});

const sourceName = z.string().trim().min(1).max(100).describe('1 to 100 characters, unique in the organization.');
const settings = z.record(z.string(), z.unknown()).describe('The connector’s own; `files` wants `folder`.');

export const createSourceBody = z.strictObject({
  kind: z.string().min(1).max(50).describe('Which connector reads it: `files`, `api`, `manual`.'),
  name: sourceName,
  collection_id: idSchema.optional().describe('Default: the collection `default`.'),
  settings: settings.default({}),
});

export const changeSourceBody = z.strictObject({ name: sourceName.optional(), settings: settings.optional() });

export const syncBody = z.strictObject({
  full: z.boolean().default(false).describe('Looks at every document again, whatever is known of it.'),
});

export const taskReply = z.strictObject({ task_id: idSchema.describe('See GET /api/v1/tasks/{task_id}.') });
export const pushReply = taskReply.extend({ item_id: idSchema });

const { external_id: optionalExternalId, filename, title } = uploadQuery.shape;

export const pushQuery = z.strictObject({
  external_id: optionalExternalId.unwrap().describe('What the source calls it; the same again replaces it.'),
  filename: filename.optional().describe('Its ending decides the format. Default: the external id.'),
  title,
  version: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('Larger is newer; a smaller one than is known changes nothing.'),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional()
    .describe('Where people find the original.'),
});

export const retractQuery = pushQuery.pick({ external_id: true });

export const sourceList = listOf(sourceSchema);
export const historyQuery = pageQuery;
export const sourceHistory = listOf(taskSchema);
export const sourceItemList = listOf(itemSchema);

export type SourceView = z.output<typeof sourceSchema>;
export type TaskReply = z.output<typeof taskReply>;
