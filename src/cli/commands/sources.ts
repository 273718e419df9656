import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { ItemView, TaskView } from '#modules/ingestion/contract.ts';
import type { SourceView, TaskReply } from '#modules/ingestion/sources/contract.ts';
import { AppError, isAppError } from '#platform/errors.ts';
import type { CommandContext } from '../command.ts';
import type { Connection } from '../connection.ts';
import { printFailures, printTasks } from '../ingesting/print-tasks.ts';
import { requireId } from '../ingesting/require-id.ts';
import { collect, entriesOf } from '../ingesting/task-lists.ts';
import type { Terminal } from '../terminal.ts';
import { runTasksFollow } from './tasks.ts';

export type AddSourceOptions = {
  name?: string | undefined;
  collection?: string | undefined;
  includeHidden?: boolean | undefined;
};

/** Makes a source; one of kind `files` may lie anywhere, because whoever types this runs the server. */
export async function runSourcesAdd(
  context: CommandContext,
  kind: string,
  folder: string | undefined,
  options: AddSourceOptions,
): Promise<number> {
  requireFolder(kind, folder);
  const connection = await context.connect();
  const settings = folder === undefined ? {} : await settingsOf(folder, options);
  const source = await connection.call<SourceView>({
    method: 'POST',
    path: '/api/v1/sources',
    body: {
      kind,
      name: options.name ?? (folder === undefined ? kind : path.basename(path.resolve(folder))),
      collection_id: options.collection,
      settings,
    },
  });
  if (context.asJson) context.terminal.printJson(source);
  else {
    context.terminal.print(`Source ${source.id} (${source.name}) was added.`);
    context.terminal.print(whatNext(source, connection));
  }
  return 0;
}

const pushedTo: ReadonlySet<string> = new Set(['api', 'manual']);

function requireFolder(kind: string, folder: string | undefined): void {
  if (kind === 'files' && folder === undefined) {
    throw new AppError('USAGE', 'invalid', 'Which folder? Say `./nexus sources add files FOLDER`.');
  }
  if (pushedTo.has(kind) && folder !== undefined) {
    const message = `A source of kind ${kind} has no folder: its documents are pushed. For a folder say \`./nexus sources add files ${folder}\`.`;
    throw new AppError('USAGE', 'invalid', message);
  }
}

function whatNext({ id, next_sync_at: next }: SourceView, { url }: Connection): string {
  const documents = `/api/v1/sources/${id}/documents?external_id=NAME`;
  if (next === null) return `Push documents to it: PUT ${url ?? ''}${documents} with the bytes of one as the body.`;
  return url === undefined
    ? `It is looked at when a server runs (\`./nexus start\`), or now with \`./nexus sources sync ${id}\`.`
    : `It is looked at now, and watched from then on. See how far it is: ./nexus sources show ${id}`;
}

/** `ingest FOLDER --watch`: a source, looked at once while we wait, and from then on by the server. */
export async function runIngestWatch(
  context: CommandContext,
  folder: string,
  options: AddSourceOptions,
): Promise<number> {
  const connection = await context.connect();
  const settings = await settingsOf(folder, options);
  const known = await findByFolder(connection, settings.folder);
  if (known !== undefined) requireSame(known, options);
  const source = known ?? (await addFolder(connection, settings, options));
  if (!context.asJson) {
    context.terminal.print(`Source ${source.id} (${source.name}) is watched while a server runs.`);
    if (connection.url === undefined)
      context.terminal.print('No server runs now: `./nexus start --detach` starts one.');
  }
  return runSourcesSync(context, source.id, { full: false });
}

/** The folder is a source already: what is asked for must be what it does. */
function requireSame({ id, state, collection_id: current }: SourceView, { collection }: AddSourceOptions): void {
  if (state === 'paused') throw paused(id);
  if (collection === undefined || collection.toLowerCase() === current) return;
  const into = current === null ? 'the collection "default"' : `the collection ${current}`;
  const message = `The folder is watched already, into ${into}. Remove that source first: ./nexus sources remove ${id}`;
  throw new AppError('FOLDER_WATCHED', 'conflict', message, { details: { source_id: id } });
}

const paused = (sourceId: string, cause?: unknown) =>
  new AppError(
    'SOURCE_PAUSED',
    'conflict',
    `The source is paused. Resume it first: ./nexus sources resume ${sourceId}`,
    {
      cause,
    },
  );

async function settingsOf(folder: string, { includeHidden = false }: AddSourceOptions) {
  const real = await realpath(folder).catch((cause: unknown) => {
    throw new AppError('FOLDER_NOT_FOUND', 'not-found', `There is no folder ${folder}. Correct the path.`, { cause });
  });
  return { folder: real, include_hidden: includeHidden };
}

const addFolder = (connection: Connection, settings: { folder: string }, options: AddSourceOptions) =>
  connection.call<SourceView>({
    method: 'POST',
    path: '/api/v1/sources',
    body: {
      kind: 'files',
      name: options.name ?? settings.folder.slice(-longestName),
      collection_id: options.collection,
      settings,
    },
  });

const longestName = 100;

async function findByFolder(connection: Connection, folder: string): Promise<SourceView | undefined> {
  for await (const source of entriesOf<SourceView>(connection, '/api/v1/sources', { kind: 'files' })) {
    if (source.settings.folder === folder) return source;
  }
  return undefined;
}

export async function runSourcesList(context: CommandContext): Promise<undefined> {
  const sources = await collect(entriesOf<SourceView>(await context.connect(), '/api/v1/sources'));
  if (context.asJson) context.terminal.printJson({ items: sources });
  else if (sources.length === 0) context.terminal.print('There is none. Add one: ./nexus sources add files FOLDER');
  else for (const source of sources) printSource(context.terminal, source);
}

export async function runSourcesShow(context: CommandContext, sourceId: string): Promise<undefined> {
  const connection = await context.connect();
  const source = await connection.call<SourceView>({ method: 'GET', path: pathOf(sourceId) });
  if (context.asJson) context.terminal.printJson(source);
  else printSource(context.terminal, source);
}

export async function runSourcesSync(
  context: CommandContext,
  sourceId: string,
  { full }: { full: boolean },
): Promise<number> {
  const connection = await context.connect();
  const request = { method: 'POST', path: pathOf(sourceId, 'sync'), body: { full } } as const;
  const reply = await connection.call<TaskReply>(request).catch((error: unknown) => {
    throw isAppError(error, 'SOURCE_PAUSED') ? paused(sourceId, error) : error;
  });
  return runTasksFollow(context, reply.task_id);
}

export async function runSourcesSwitch(
  context: CommandContext,
  sourceId: string,
  step: 'pause' | 'resume',
): Promise<undefined> {
  const connection = await context.connect();
  const source = await connection.call<SourceView>({ method: 'POST', path: pathOf(sourceId, step) });
  if (context.asJson) context.terminal.printJson(source);
  else printSource(context.terminal, source);
}

export async function runSourcesRemove(context: CommandContext, sourceId: string): Promise<number> {
  const connection = await context.connect();
  const reply = await connection.call<TaskReply>({ method: 'DELETE', path: pathOf(sourceId) });
  return runTasksFollow(context, reply.task_id);
}

export async function runSourcesHistory(context: CommandContext, sourceId: string): Promise<undefined> {
  const connection = await context.connect();
  const reply = await connection.call<{ items: TaskView[] }>({ method: 'GET', path: pathOf(sourceId, 'history') });
  if (context.asJson) context.terminal.printJson(reply);
  else printTasks(context.terminal, reply.items);
}

export async function runSourcesErrors(context: CommandContext, sourceId: string): Promise<undefined> {
  const { terminal, asJson } = context;
  const failed = entriesOf<ItemView>(await context.connect(), pathOf(sourceId, 'items'), { state: 'failed' });
  const items = await collect(failed);
  if (asJson) terminal.printJson({ items });
  else if (items.length === 0) terminal.print('No document of this source has failed.');
  else {
    const tasks = [...new Set(items.flatMap(({ task_id: taskId }) => taskId ?? []))].slice(0, mostTasksNamed);
    const retries = tasks.map((taskId) => `./nexus tasks retry ${taskId}`).join(' and ');
    printFailures(terminal, items, `A file that is at fault has to be corrected; what was only in the way: ${retries}`);
  }
}

const mostTasksNamed = 3;

const pathOf = (sourceId: string, step?: string): string =>
  `/api/v1/sources/${requireId(sourceId, './nexus sources list')}${step === undefined ? '' : `/${step}`}`;

function printSource({ print, colours }: Terminal, source: SourceView): void {
  const { id, kind, name, state, failure, known, searchable, pending, failed } = source;
  print(
    `${id}  ${kind === name ? '' : `${kind} `}${colours.bold(name)} (${state}${source.is_syncing ? ', syncing' : ''})`,
  );
  const share = known === 0 ? '' : ` (${Math.floor(source.coverage * 100)} %)`;
  print(
    `    ${searchable} of ${known} searchable${share}, ${pending} pending, ${failed} failed${describeLooks(source)}`,
  );
  if (failure !== null) print(`    ${colours.red(failure.message)} (${failure.code})`);
  if (failed > 0) print(colours.dim(`    Why they failed: ./nexus sources errors ${id}`));
}

function describeLooks({ last_synced_at: last, next_sync_at: next }: SourceView): string {
  if (last !== null) return ` · last look ${last}`;
  return next === null ? '' : ' · not looked at yet';
}
