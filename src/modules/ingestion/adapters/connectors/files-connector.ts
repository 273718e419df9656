/** A folder on this machine: found by walking it, noticed by watching it. */
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '#platform/errors.ts';
import type { Connector, KnownDocuments, SettingsAuthor } from '../../service.ts';
import type { ConnectorDependencies } from '../../sources/connector.ts';
import { parseSettings } from '../../sources/parse-settings.ts';
import { type FileCursor, fileChanges } from './files/file-changes.ts';
import { joinPath, openInside, rethrow } from './files/open-inside.ts';
import { toPath } from './files/path-id.ts';
import { readWhole } from './files/read-whole.ts';
import { createSkipRule, machineFolders } from './files/skip-rule.ts';
import { watchFolder } from './files/watch-folder.ts';

const asked = z.strictObject({
  folder: z.string().min(1).max(4000).refine(path.isAbsolute, 'must be an absolute path.'),
  include_hidden: z.boolean().default(false),
});
/** As kept: `is_allowed_by_operator` cannot be asked for. */
const kept = asked.extend({ is_allowed_by_operator: z.boolean() });
type Settings = z.output<typeof kept>;

const cursorSchema = z.object({ root: z.string() });
const nothingKnown: KnownDocuments = { list: async () => [] };

export function createFilesConnector(dependencies: ConnectorDependencies): Connector {
  const { files, maxFileBytes } = dependencies;
  const extensions = new Set(dependencies.extensions);

  /** Asked at each look and fetch: links, roots and mounts may be others than when the source was made. */
  async function openRoot(settings: Settings): Promise<{ root: Buffer; protectedFolders: string[] }> {
    const root = await realpath(settings.folder).catch(unreachable);
    const protectedFolders = await resolveAll(dependencies.protectedFolders);
    if (root !== settings.folder) throw folderRefused(settings.folder, 'It became a link.');
    await requireAllowed(root, settings.is_allowed_by_operator, protectedFolders);
    return { root: Buffer.from(root), protectedFolders };
  }

  async function requireAllowed(folder: string, isAllowed: boolean, protectedFolders: string[]): Promise<void> {
    if (protectedFolders.some((one) => isWithin(folder, one))) {
      throw folderRefused(folder, 'It belongs to Nexus itself.');
    }
    if (!isAllowed) await requireBelowRoots(folder);
  }

  async function requireBelowRoots(folder: string): Promise<void> {
    const roots = [...files.roots.map((root) => path.resolve(root)), ...(await resolveAll(files.roots))];
    if (roots.some((root) => isWithin(folder, root))) return;
    const known = files.roots.length === 0 ? 'none is set' : files.roots.join(', ');
    throw folderRefused(
      folder,
      `It does not lie below one of ingestion.files.roots (${known}). The operator may add it with \`./nexus sources add files FOLDER\`.`,
    );
  }

  async function validate(settings: unknown, author?: SettingsAuthor): Promise<Settings> {
    const { folder, include_hidden } = parseSettings(asked, settings);
    // Before anything is looked at: whether a folder elsewhere exists is nobody's business.
    if (author?.isOperator !== true) await requireBelowRoots(path.resolve(folder));
    const real = await realpath(folder).catch((cause: unknown) => {
      throw new AppError('SOURCE_SETTINGS_INVALID', 'invalid', `There is no folder ${folder}. Correct \`folder\`.`, {
        cause,
      });
    });
    const result = { folder: real, include_hidden, is_allowed_by_operator: author?.isOperator === true };
    await requireAllowed(real, result.is_allowed_by_operator, await resolveAll(dependencies.protectedFolders));
    const handle = await openInside({ root: Buffer.from(real), path: Buffer.alloc(0), kind: 'folder' }).catch(
      (cause) => {
        const message = `${folder} is no folder that Nexus may read. Correct \`folder\`, or its permissions.`;
        throw new AppError('SOURCE_SETTINGS_INVALID', 'invalid', message, { cause });
      },
    );
    await handle.close();
    return result;
  }

  return {
    kind: 'files',
    intervalSeconds: files.intervalSeconds,
    validate,
    async *changes(settings, cursor, signal, known = nothingKnown) {
      const current = kept.parse(settings);
      const { root, protectedFolders } = await openRoot(current);
      const rule = createSkipRule({ root, includesHidden: current.include_hidden, extensions, protectedFolders });
      const { maxDepth, maxFiles } = files;
      yield* fileChanges({ root, rule, known, maxDepth, maxFiles, signal, cursor: toCursor(cursor) });
    },
    async fetch(settings, externalId, signal) {
      const { root, protectedFolders } = await openRoot(kept.parse(settings));
      const file = toPath(externalId);
      if (file === undefined) throw new AppError('SOURCE_DOCUMENT_GONE', 'not-found', 'The file is no longer there.');
      if (protectedFolders.some((folder) => isWithin(joinPath(root, file).toString(), folder))) {
        throw new AppError('SOURCE_DOCUMENT_REFUSED', 'forbidden', 'The file belongs to Nexus itself.');
      }
      const handle = await openInside({ root, path: file, kind: 'file' });
      try {
        return await readWhole(handle, maxFileBytes, signal);
      } finally {
        await handle.close().catch(rethrow);
      }
    },
    watch(settings, onChange) {
      const { folder, include_hidden } = kept.parse(settings);
      const skips = (name: string) => (name.startsWith('.') && !include_hidden) || machineFolders.has(name);
      return watchFolder({ root: folder, maxFolders: files.maxWatchedFolders, skips, onChange });
    },
  };
}

const toCursor = (cursor: unknown): FileCursor | undefined => cursorSchema.safeParse(cursor).data;

const isWithin = (folder: string, root: string): boolean =>
  folder === root || folder.startsWith(root.endsWith(path.sep) ? root : root + path.sep);

/** What is not there yet cannot be resolved; it is compared as it is written. */
async function resolveAll(folders: readonly string[]): Promise<string[]> {
  return Promise.all(folders.map((folder) => realpath(folder).catch(() => path.resolve(folder))));
}

function unreachable(cause: unknown): never {
  const message =
    'The folder of the source is not there or cannot be reached; nothing was removed. It is tried again by itself.';
  throw new AppError('SOURCE_UNREACHABLE', 'unavailable', message, { cause });
}

const folderRefused = (folder: string, reason: string) =>
  new AppError('SOURCE_FOLDER_REFUSED', 'forbidden', `The folder ${folder} is refused. ${reason}`);
