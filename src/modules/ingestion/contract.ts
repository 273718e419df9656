/** What crosses HTTP about uploads, tasks and items. Pure: the browser loads it too. */
import { z } from 'zod';
import { idSchema, pageQuery, uploadQuery as storedUploadQuery } from '#modules/corpus/contract.ts';

export { idSchema, listOf, uploadReply } from '#modules/corpus/contract.ts';

export const uploadQuery = storedUploadQuery.extend({
  wait: z
    .enum(['true', 'false'])
    .default('true')
    .transform((text) => text === 'true')
    .describe('`true`: answered when the document is searchable. `false`: answered when it is durable, with a task.'),
  task_id: idSchema
    .optional()
    .describe('With `wait=false`: the open task that the document belongs to. Default: a task of its own.'),
});

export const acceptedReply = z.strictObject({
  task_id: idSchema,
  item_id: idSchema,
});

const reason = z.strictObject({
  code: z.string().describe('See the error reference.'),
  message: z.string().describe('For the person who reads it.'),
});

export const taskStates = ['running', 'completed', 'failed', 'canceled'] as const;
export const itemStates = ['pending', 'processing', 'completed', 'failed', 'deleted'] as const;
const taskKinds = ['sync', 'upload', 'retry', 'reprocess', 'removal'] as const;

const count = (meaning: string) => z.int().min(0).describe(meaning);

export const taskSchema = z.strictObject({
  id: idSchema,
  kind: z.enum(taskKinds).describe('`sync`: a look at a source. `removal`: a source goes with its documents.'),
  source_id: idSchema,
  state: z.enum(taskStates).describe('`failed`: the look at the source ended early; see `failure`.'),
  sealed: z.boolean().describe('False while more documents may be added.'),
  counts: z
    .strictObject({
      pending: count('Accepted and waiting.'),
      processing: count('In a worker’s hands.'),
      completed: count('Searchable.'),
      failed: count('Not searchable, or only in an earlier version; each with its reason.'),
      deleted: count('Gone at the source, and here.'),
      unchanged: count('Known already as they are, so there was nothing to do.'),
      superseded: count('A newer version came before this one was processed.'),
    })
    .describe('Together all that was ever accepted into the task.'),
  documents_per_second: z.number().min(0).describe('Over the last 15 seconds; of an ended task on the whole.'),
  seconds_left: z.number().min(0).nullable().describe('Null while nobody can tell.'),
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  failure: reason.nullable(),
});

export const itemSchema = z.strictObject({
  id: idSchema,
  source_id: idSchema,
  task_id: idSchema.nullable().describe('Null when its sender waited for it.'),
  external_id: z.string(),
  filename: z.string(),
  title: z.string().nullable(),
  url: z.string().nullable(),
  size_bytes: z.number().int().nullable(),
  document_id: idSchema.nullable().describe('Null until it was searchable for the first time.'),
  state: z.enum(itemStates),
  stage: z.string().describe('The last stage that was reached.'),
  attempts: z.number().int().describe('Failed attempts on this version.'),
  outcome: z.enum(['created', 'updated', 'unchanged']).nullable().describe('Null until it is completed.'),
  chunks: z.number().int().nullable(),
  position: z.string().nullable().describe('Give it as `at_least` to a search that must see this document.'),
  failure: reason.nullable().describe('Why it failed; of a pending item, why it waits.'),
  warnings: z.array(z.string()),
  discovered_at: z.iso.datetime(),
  processed_at: z.iso.datetime().nullable(),
});

export const openTaskBody = z
  .strictObject({
    kind: z.enum(['upload', 'reprocess']).default('upload'),
    source_id: idSchema
      .optional()
      .describe('With `reprocess`: the source whose documents were made by another pipeline than the present one.'),
  })
  .prefault({});

export const listTasksQuery = pageQuery.extend({
  source_id: idSchema.optional().describe('Only tasks of this source.'),
  state: z.enum(taskStates).optional(),
});

export const listItemsQuery = pageQuery.extend({ state: z.enum(itemStates).optional() });

export const retryReply = z.strictObject({
  task_id: idSchema,
  items: z.number().int().describe('How many are tried again.'),
});

export type TaskView = z.output<typeof taskSchema>;
export type ItemView = z.output<typeof itemSchema>;
