import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { ItemView, TaskView } from '#modules/ingestion/contract.ts';
import type { SourceView, TaskReply } from '#modules/ingestion/sources/contract.ts';
import { AppError } from '#platform/errors.ts';
import type { CommandContext } from '../command.ts';
import type { Connection } from '../connection.ts';
import { listAll } from '../ingesting/follow-task.ts';
import type { Terminal } from '../terminal.ts';
import { printTasks, runTasksFollow } from './tasks.ts';

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
    if (connection.url === undefined)
      context.terminal.print(
        `It is looked at when a server runs (\`./nexus start\`), or now with \`./nexus sources sync ${source.id}\`.`,
      );
  }
  return 0;
}

/** `ingest FOLDER --watch`: a source, looked at once while we wait, and from then on by the server. */
export async function runIngestWatch(
  context: CommandContext,
  folder: string,
  options: AddSourceOptions,
): Promise<number> {
  const connection = await context.connect();
  const settings = await settingsOf(folder, options);
  const source = (await findByFolder(connection, settings.folder)) ?? (await addFolder(connection, settings, options));
  if (!context.asJson) {
    context.terminal.print(`Source ${source.id} (${source.name}) is watched while a server runs.`);
    if (connection.url === undefined)
      context.terminal.print('No server runs now: `./nexus start --detach` starts one.');
  }
  return runSourcesSync(context, source.id, { full: false });
}

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
  const sources = await listAll<SourceView>(connection, '/api/v1/sources', { kind: 'files' });
  return sources.find((source) => source.settings.folder === folder);
}

export async function runSourcesList(context: CommandContext): Promise<undefined> {
  const sources = await listAll<SourceView>(await context.connect(), '/api/v1/sources');
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
  const reply = await connection.call<TaskReply>({ method: 'POST', path: pathOf(sourceId, 'sync'), body: { full } });
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
  const items = await listAll<ItemView>(await context.connect(), pathOf(sourceId, 'items'), { state: 'failed' });
  if (asJson) terminal.printJson({ items });
  else if (items.length === 0) terminal.print('No document of this source has failed.');
  for (const { filename, failure } of asJson ? [] : items) {
    terminal.print(`${terminal.colours.red('Failed')} ${filename}: ${failure?.message ?? ''} (${failure?.code ?? ''})`);
  }
}

const pathOf = (sourceId: string, step?: string): string =>
  `/api/v1/sources/${encodeURIComponent(sourceId)}${step === undefined ? '' : `/${step}`}`;

function printSource({ print, colours }: Terminal, source: SourceView): void {
  const share = `${(source.coverage * 100).toFixed(0)} %`;
  print(
    `${source.id}  ${source.kind} ${colours.bold(source.name)} (${source.state}${source.is_syncing ? ', syncing' : ''})`,
  );
  print(
    `    ${source.searchable} of ${source.known} searchable (${share}), ${source.pending} pending, ${source.failed} failed · last look ${source.last_synced_at ?? 'never'}`,
  );
  if (source.failure !== null) print(`    ${colours.red(source.failure.message)} (${source.failure.code})`);
}
