import { type Route, route } from '#platform/http/route.ts';
import type { Caller } from '#platform/permissions.ts';
import { listItemsQuery } from '../contract.ts';
import type { Tasks } from '../tasks/create-tasks.ts';
import { presentItem, presentTask } from '../tasks/present-task.ts';
import {
  changeSourceBody,
  createSourceBody,
  historyQuery,
  listSourcesQuery,
  pushQuery,
  pushReply,
  retractQuery,
  type SourceView,
  sourceHistory,
  sourceItemList,
  sourceList,
  sourceParams,
  sourceSchema,
  syncBody,
  taskReply,
} from './contract.ts';
import type { Source, Sources } from './service.ts';

export type SourceRoutesOptions = {
  maxFileBytes: number;
  /** True for the command line of whoever runs this server, who may name any folder. */
  isOperator: (caller: Caller) => boolean;
};

const tag = 'sources';
const request = { params: sourceParams };

export function sourceRoutes(
  sources: Sources,
  tasks: Pick<Tasks, 'list' | 'listItems'>,
  options: SourceRoutesOptions,
): Route[] {
  return [
    ...administrationRoutes(sources, options),
    ...followingRoutes(sources),
    ...lookingBackRoutes(sources, tasks),
    ...pushRoutes(sources, options),
  ];
}

function administrationRoutes(sources: Sources, { isOperator }: SourceRoutesOptions): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/sources',
      permission: 'sources:read',
      summary: 'Lists sources, newest first.',
      tag,
      request: { query: listSourcesQuery },
      responses: { 200: sourceList },
      async handle({ caller, query }) {
        const page = await sources.list(caller.organizationId, query);
        return { status: 200, body: { items: page.items.map(presentSource), next_cursor: page.nextCursor ?? null } };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/sources',
      permission: 'sources:write',
      summary: 'Makes a source. One that is looked at is looked at soon.',
      tag,
      request: { body: createSourceBody },
      responses: { 201: sourceSchema },
      async handle({ caller, body }) {
        const { collection_id: collectionId, ...rest } = body;
        const author = { isOperator: isOperator(caller) };
        const source = await sources.create(caller.organizationId, { ...rest, collectionId }, author);
        return { status: 201, body: presentSource(source) };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/sources/{source_id}',
      permission: 'sources:read',
      summary: 'Shows one source with its coverage.',
      tag,
      request,
      responses: { 200: sourceSchema },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: presentSource(await sources.show(caller.organizationId, params.source_id)),
      }),
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/sources/{source_id}',
      permission: 'sources:write',
      summary: 'Changes name or settings. New settings make the next look a whole one.',
      tag,
      request: { ...request, body: changeSourceBody },
      responses: { 200: sourceSchema },
      async handle({ caller, params, body }) {
        const author = { isOperator: isOperator(caller) };
        return {
          status: 200,
          body: presentSource(await sources.change(caller.organizationId, params.source_id, body, author)),
        };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/sources/{source_id}',
      permission: 'sources:write',
      summary: 'Removes a source with its documents; the task ends when they are gone.',
      tag,
      request,
      responses: { 202: taskReply },
      handle: async ({ caller, params }) =>
        presentAccepted(await sources.remove(caller.organizationId, params.source_id)),
    }),
  ];
}

function followingRoutes(sources: Sources): Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/sources/{source_id}/sync',
      permission: 'sources:write',
      summary: 'Looks at the source soon; `full` ignores what is known of its documents.',
      tag,
      request: { ...request, body: syncBody },
      responses: { 202: taskReply },
      handle: async ({ caller, params, body }) =>
        presentAccepted(await sources.sync(caller.organizationId, params.source_id, body)),
    }),
    route({
      method: 'POST',
      path: '/api/v1/sources/{source_id}/pause',
      permission: 'sources:write',
      summary: 'Stops looking at the source and refuses pushes; what was accepted waits until it is resumed.',
      tag,
      request,
      responses: { 200: sourceSchema },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: presentSource(await sources.pause(caller.organizationId, params.source_id)),
      }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/sources/{source_id}/resume',
      permission: 'sources:write',
      summary: 'Looks at the source again or takes pushes again, and goes on with what waited.',
      tag,
      request,
      responses: { 200: sourceSchema },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: presentSource(await sources.resume(caller.organizationId, params.source_id)),
      }),
    }),
  ];
}

function lookingBackRoutes(sources: Sources, tasks: Pick<Tasks, 'list' | 'listItems'>): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/sources/{source_id}/items',
      permission: 'sources:read',
      summary: 'Lists the documents of a source as it knows them, newest first; `state=failed` gives the errors.',
      tag,
      request: { ...request, query: listItemsQuery },
      responses: { 200: sourceItemList },
      async handle({ caller, params, query }) {
        const { id: sourceId } = await sources.show(caller.organizationId, params.source_id);
        const page = await tasks.listItems(caller.organizationId, { ...query, sourceId });
        return { status: 200, body: { items: page.items.map(presentItem), next_cursor: page.nextCursor ?? null } };
      },
    }),
    route({
      method: 'GET',
      path: '/api/v1/sources/{source_id}/history',
      permission: 'sources:read',
      summary: 'Lists the tasks of a source, newest first.',
      tag,
      request: { ...request, query: historyQuery },
      responses: { 200: sourceHistory },
      async handle({ caller, params, query }) {
        const { id: sourceId } = await sources.show(caller.organizationId, params.source_id);
        const page = await tasks.list(caller.organizationId, { ...query, sourceId });
        return { status: 200, body: { items: page.items.map(presentTask), next_cursor: page.nextCursor ?? null } };
      },
    }),
  ];
}

function pushRoutes(sources: Sources, { maxFileBytes }: SourceRoutesOptions): Route[] {
  return [
    route({
      method: 'PUT',
      path: '/api/v1/sources/{source_id}/documents',
      permission: 'documents:write',
      summary: 'Brings a document to a source: send its bytes as the body. Durable when it answers.',
      tag,
      request: { ...request, query: pushQuery, body: 'bytes' },
      responses: { 202: pushReply },
      maxBodyBytes: maxFileBytes,
      async handle({ caller, params, query, body }) {
        const { external_id: externalId, filename = externalId, title, url, version } = query;
        const document = { externalId, filename, title, url, version };
        const { taskId, itemId } = await sources.push(caller.organizationId, params.source_id, document, body);
        return { status: 202, body: { task_id: taskId, item_id: itemId } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/sources/{source_id}/documents',
      permission: 'documents:write',
      summary: 'Takes a document back that was brought to a source.',
      tag,
      request: { ...request, query: retractQuery },
      responses: { 202: taskReply },
      handle: async ({ caller, params, query }) =>
        presentAccepted(await sources.retract(caller.organizationId, params.source_id, query.external_id)),
    }),
  ];
}

const presentAccepted = ({ taskId }: { taskId: string }) => ({ status: 202, body: { task_id: taskId } });

const presentTime = (time: Date | null): string | null => time?.toISOString() ?? null;

const presentFailure = ({
  failure_code: code,
  failure_message: message,
}: Pick<Source, 'failure_code' | 'failure_message'>) => (code === null ? null : { code, message: message ?? '' });

function presentSource(source: Source): SourceView {
  return {
    id: source.id,
    kind: source.kind,
    name: source.name,
    collection_id: source.collection_id,
    settings: source.settings,
    state: source.state === 'paused' ? 'paused' : 'active',
    ...source.counts,
    coverage: source.coverage,
    is_syncing: source.sync_task_id !== null,
    failures_in_a_row: source.failures_in_a_row,
    failure: presentFailure(source),
    last_synced_at: presentTime(source.last_synced_at),
    next_sync_at: presentTime(source.next_sync_at),
    created_at: source.created_at.toISOString(),
    updated_at: source.updated_at.toISOString(),
  };
}
