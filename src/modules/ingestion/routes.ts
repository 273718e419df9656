import { z } from 'zod';
import { AppError } from '#platform/errors.ts';
import { type Route, route, type ServerSentEvent } from '#platform/http/route.ts';
import type { IngestionConfig } from './config.ts';
import {
  acceptedReply,
  idSchema,
  itemSchema,
  listItemsQuery,
  listOf,
  listTasksQuery,
  openTaskBody,
  retryReply,
  taskSchema,
  uploadQuery,
  uploadReply,
} from './contract.ts';
import type { Ingestion } from './ingestion.ts';
import type { TaskEvent } from './tasks/follow-task.ts';
import { presentItem, presentTask } from './tasks/present-task.ts';

/** A large file is read for up to half a minute and then cut and embedded. */
const uploadTimeoutMs = 180_000;
const tag = 'ingestion';
const taskParams = z.strictObject({ task_id: idSchema });
const documentParams = z.strictObject({ document_id: idSchema });
const itemParams = z.strictObject({ item_id: idSchema });

export function ingestionRoutes(ingestion: Ingestion, config: IngestionConfig): Route[] {
  return [uploadRoute(ingestion, config), fileRoute(ingestion), ...taskRoutes(ingestion), ...retryRoutes(ingestion)];
}

function uploadRoute(ingestion: Ingestion, config: IngestionConfig): Route {
  return route({
    method: 'POST',
    path: '/api/v1/documents',
    permission: 'documents:write',
    summary: 'Makes a document searchable: send the bytes of the file as the body.',
    tag,
    request: { query: uploadQuery, body: 'bytes' },
    responses: { 200: uploadReply, 201: uploadReply, 202: acceptedReply },
    maxBodyBytes: config.maxFileBytes,
    timeoutMs: uploadTimeoutMs,
    async handle({ caller, query, body, signal }) {
      const { filename, external_id: externalId = filename, collection_id: collectionId, title } = query;
      const file = { filename, bytes: body, externalId, collectionId, title };
      if (!query.wait) {
        const { taskId, itemId } = await ingestion.submit(caller.organizationId, { ...file, taskId: query.task_id });
        return { status: 202, body: { task_id: taskId, item_id: itemId } };
      }
      if (query.task_id !== undefined) throw taskWithWaiting();
      const ingested = await ingestion.ingest(caller.organizationId, file, signal);
      const { documentId, outcome, chunks, position, warnings } = ingested;
      return {
        status: outcome === 'created' ? 201 : 200,
        body: { document_id: documentId, outcome, chunks, position, warnings },
      };
    },
  });
}

function fileRoute({ readOriginal }: Ingestion): Route {
  return route({
    method: 'GET',
    path: '/api/v1/documents/{document_id}/file',
    permission: 'documents:read',
    summary: 'Gives the file back that was sent.',
    tag,
    request: { params: documentParams },
    responses: { 200: z.any().describe('The bytes, as `application/octet-stream`.') },
    async handle({ caller, params }) {
      const { filename, bytes } = await readOriginal(caller.organizationId, params.document_id);
      return {
        status: 200,
        body: bytes,
        // Never shown by a browser: the file may be a page with a script.
        headers: { 'content-type': 'application/octet-stream', 'content-disposition': attachmentOf(filename) },
      };
    },
  });
}

/** RFC 6266, with the name as UTF-8. */
function attachmentOf(filename: string): string {
  const name = filename.split(/[\\/]/).at(-1) ?? filename;
  const encoded = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}

function taskWithWaiting(): AppError {
  const message = 'A document that is waited for belongs to no task. Leave out `task_id`, or add `wait=false`.';
  return new AppError('TASK_WITH_WAITING', 'invalid', message);
}

function taskRoutes({ intake, tasks, reprocess }: Ingestion): Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/tasks',
      permission: 'documents:write',
      summary: 'Opens a task for many uploads, or processes a source’s documents anew.',
      tag,
      request: { body: openTaskBody },
      responses: { 201: taskSchema },
      async handle({ caller: { organizationId }, body }) {
        if (body.kind === 'reprocess' && body.source_id === undefined) throw reprocessWithoutSource();
        const { taskId } =
          body.kind === 'reprocess'
            ? await reprocess(organizationId, body.source_id ?? '')
            : await intake.openUploadTask(organizationId);
        return { status: 201, body: presentTask(await tasks.read(organizationId, taskId)) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/tasks',
      permission: 'documents:read',
      summary: 'Lists tasks, newest first.',
      tag,
      request: { query: listTasksQuery },
      responses: { 200: listOf(taskSchema) },
      async handle({ caller, query: { source_id: sourceId, state, limit, cursor } }) {
        const page = await tasks.list(caller.organizationId, { sourceId, state, limit, cursor });
        return { status: 200, body: { items: page.items.map(presentTask), next_cursor: page.nextCursor ?? null } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/tasks/{task_id}',
      permission: 'documents:read',
      summary: 'Tells how far a task is.',
      tag,
      request: { params: taskParams },
      responses: { 200: taskSchema },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: presentTask(await tasks.read(caller.organizationId, params.task_id)),
      }),
    }),
    route({
      method: 'GET',
      path: '/api/v1/tasks/{task_id}/items',
      permission: 'documents:read',
      summary: 'Lists the documents of a task with their states, newest first.',
      tag,
      request: { params: taskParams, query: listItemsQuery },
      responses: { 200: listOf(itemSchema) },
      async handle({ caller, params, query: { state, limit, cursor } }) {
        const page = await tasks.listItems(caller.organizationId, { taskId: params.task_id, state, limit, cursor });
        return { status: 200, body: { items: page.items.map(presentItem), next_cursor: page.nextCursor ?? null } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/tasks/{task_id}/events',
      permission: 'documents:read',
      summary:
        'Streams the progress of a task until it ends: `progress`, `failed` for what fails from now on, `done`. A stream without `done` was cut: ask again.',
      tag,
      request: { params: taskParams },
      responses: { 200: 'events' },
      handle: async ({ caller, params, signal }) => ({
        status: 200,
        events: presentEvents(tasks.follow(caller.organizationId, params.task_id, signal)),
      }),
    }),
  ];
}

function reprocessWithoutSource(): AppError {
  return new AppError('REPROCESS_WITHOUT_SOURCE', 'invalid', 'Which source? Add `source_id`.');
}

async function* presentEvents(events: AsyncIterable<TaskEvent>): AsyncGenerator<ServerSentEvent> {
  for await (const told of events) {
    yield { event: told.event, data: told.event === 'failed' ? presentItem(told.item) : presentTask(told.task) };
  }
}

function retryRoutes({ intake, tasks }: Ingestion): Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/tasks/{task_id}/seal',
      permission: 'documents:write',
      summary: 'Tells that no more documents come; the task ends with its last one.',
      tag,
      request: { params: taskParams },
      responses: { 200: taskSchema },
      async handle({ caller: { organizationId }, params }) {
        await intake.sealTask(organizationId, params.task_id);
        return { status: 200, body: presentTask(await tasks.read(organizationId, params.task_id)) };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/tasks/{task_id}/retry',
      permission: 'documents:write',
      summary: 'Tries everything again that failed in a task.',
      tag,
      request: { params: taskParams },
      responses: { 202: retryReply },
      async handle({ caller, params }) {
        const { taskId, items } = await tasks.retry(caller.organizationId, params.task_id);
        return { status: 202, body: { task_id: taskId, items } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/tasks/{task_id}/cancel',
      permission: 'documents:write',
      summary: 'Ends a task; what it had not stored yet fails with the reason that it was canceled.',
      tag,
      request: { params: taskParams },
      responses: { 200: taskSchema },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: presentTask(await tasks.cancel(caller.organizationId, params.task_id)),
      }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/items/{item_id}/retry',
      permission: 'documents:write',
      summary: 'Tries a failed document again.',
      tag,
      request: { params: itemParams },
      responses: { 202: acceptedReply },
      async handle({ caller, params }) {
        const { taskId, itemId } = await tasks.retryItem(caller.organizationId, params.item_id);
        return { status: 202, body: { task_id: taskId, item_id: itemId } };
      },
    }),
  ];
}
