/** What changed in a folder since it was last looked at: the walk and what is known, both in one order, side by side. */
import { lstat } from 'node:fs/promises';
import { AppError } from '#platform/errors.ts';
import type { Change, KnownDocument, KnownDocuments } from '../../../service.ts';
import { joinPath } from './open-inside.ts';
import { toPath, toShownPath } from './path-id.ts';
import { readCode } from './read-code.ts';
import { fingerprintOf } from './read-whole.ts';
import { type FoundFile, folderVanished, type WalkOptions, walkFolder } from './walk-folder.ts';

export type FileCursor = { root: string };

type LookOptions = Omit<WalkOptions, 'notes'> & {
  known: KnownDocuments;
  maxFiles: number;
  cursor: FileCursor | undefined;
};

const pageSize = 1000;
/** Files between two checkpoints, so that a first look makes things searchable from its beginning on. */
const checkpointEvery = 500;

export async function* fileChanges(options: LookOptions): AsyncGenerator<Change> {
  const notes = { unreadable: [] as string[], tooLong: [] as string[] };
  const cursor = await identify(options.root);
  const isOtherRoot = options.cursor !== undefined && options.cursor.root !== cursor.root;
  const known = createKnownReader(options.known);
  const place = { ...options, notes, cursor };
  let files = 0;
  for await (const file of walkFolder(place)) {
    files += 1;
    if (files > options.maxFiles) throw tooLarge(options.maxFiles);
    yield* goneBefore(file.externalId, known, place);
    const before = await known.take(file.externalId);
    const fingerprint = fingerprintOf(file.stats);
    if (before?.fingerprint !== fingerprint) yield toUpsert(file, fingerprint);
    if (files % checkpointEvery === 0) yield { kind: 'checkpoint', cursor: options.cursor ?? cursor };
  }
  if (files === 0 && isOtherRoot && (await known.peek()) !== undefined) throw looksEmpty();
  yield* goneBefore(undefined, known, place);
  await requireSame(options.root, cursor);
  yield { kind: 'checkpoint', cursor, known: files, problem: problemOf(notes) };
}

type KnownReader = ReturnType<typeof createKnownReader>;

function createKnownReader(known: KnownDocuments) {
  let page: KnownDocument[] = [];
  let index = 0;
  let last: string | undefined;
  let isAtEnd = false;
  async function peek(): Promise<KnownDocument | undefined> {
    if (index >= page.length && !isAtEnd) {
      page = await known.list(last, pageSize);
      index = 0;
      last = page.at(-1)?.externalId ?? last;
      isAtEnd = page.length < pageSize;
    }
    return page[index];
  }
  return {
    peek,
    skip: () => {
      index += 1;
    },
    async take(externalId: string): Promise<KnownDocument | undefined> {
      const next = await peek();
      if (next?.externalId !== externalId) return undefined;
      index += 1;
      return next;
    },
  };
}

/** What is known, comes before `externalId` and was not found. Asked once more: a look at a moving folder may miss something. */
async function* goneBefore(
  externalId: string | undefined,
  known: KnownReader,
  { root, rule, notes, signal, cursor }: WalkOptions & { cursor: FileCursor },
): AsyncGenerator<Change> {
  for (let next = await known.peek(); next !== undefined; next = await known.peek()) {
    if (externalId !== undefined && compareIds(next.externalId, externalId) >= 0) return;
    signal.throwIfAborted();
    known.skip();
    const id = next.externalId;
    if (notes.unreadable.some((folder) => id.startsWith(folder))) continue;
    if (!(await isGone(root, rule, id))) continue;
    await requireSame(root, cursor);
    yield { kind: 'delete', externalId: id };
  }
}

/** A root that was moved or unmounted during the look takes all its files along, which are not deleted for that. */
async function requireSame(root: Buffer, { root: before }: FileCursor): Promise<void> {
  if ((await identify(root)).root !== before) throw folderVanished();
}

async function isGone(root: Buffer, rule: WalkOptions['rule'], externalId: string): Promise<boolean> {
  const path = toPath(externalId);
  if (path === undefined || isSkipped(rule, externalId)) return true;
  try {
    return !(await lstat(joinPath(root, path))).isFile();
  } catch (error) {
    const code = readCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
  }
}

/** The rule may be another one than when the document was found. */
function isSkipped(rule: WalkOptions['rule'], externalId: string): boolean {
  const segments = externalId.split('/');
  return segments.some((name, index) => {
    const path = toPath(segments.slice(0, index + 1).join('/')) ?? Buffer.alloc(0);
    return rule.skips({ name, path, isFolder: index < segments.length - 1 });
  });
}

const compareIds = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

function toUpsert({ externalId, stats }: FoundFile, fingerprint: string): Change {
  return {
    kind: 'upsert',
    document: {
      externalId,
      filename: toShownPath(externalId).slice(-longestFilename),
      sizeBytes: Number(stats.size),
      modifiedAt: new Date(Number(stats.mtimeMs)),
      fingerprint,
    },
  };
}

const longestFilename = 1000;

/** Which folder this is, so that another one at the same place is noticed. */
async function identify(root: Buffer): Promise<FileCursor> {
  const { dev, ino } = await lstat(root, { bigint: true }).catch((cause: unknown) => {
    throw folderVanished(cause);
  });
  return { root: `${dev}:${ino}` };
}

function problemOf({ unreadable, tooLong }: { unreadable: string[]; tooLong: string[] }) {
  const [folder] = unreadable;
  if (folder !== undefined) {
    const message = `${unreadable.length} folder(s) cannot be read, the first is ${toShownPath(folder) || 'the source’s own'}. Correct the permissions.`;
    return { code: 'SOURCE_FOLDER_UNREADABLE', message };
  }
  const [path] = tooLong;
  if (path === undefined) return undefined;
  const message = `${tooLong.length} path(s) are too long or too deep to be taken, the first begins with ${toShownPath(path).slice(0, 100)}.`;
  return { code: 'SOURCE_FOLDER_UNREADABLE', message };
}

const tooLarge = (maxFiles: number) =>
  new AppError(
    'SOURCE_TOO_LARGE',
    'too-large',
    `The folder holds more than ${maxFiles} files (ingestion.files.maxFiles).`,
  );

const looksEmpty = () =>
  new AppError(
    'SOURCE_LOOKS_EMPTY',
    'conflict',
    'The folder is another one than before and empty, as when a disk is not mounted, so nothing was removed. Mount it, or ask for a full sync to confirm.',
  );
