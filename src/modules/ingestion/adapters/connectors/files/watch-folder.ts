/**
 * Tells soon that something below a folder changed. Watches folders, not files: Node's own recursive watching takes one
 * watch a file on Linux, and the system has few. What is missed is found at the next look.
 */
import { type FSWatcher, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

export type WatchOptions = {
  root: string;
  maxFolders: number;
  /** Names that are not entered. */
  skips(name: string): boolean;
  onChange(): void;
  /** Quiet that ends a burst of changes. Default 300. */
  quietMs?: number;
};

/** A folder that is written to without a pause is told this often. */
const longestWaitMs = 2000;
const defaultQuietMs = 300;

export function watchFolder({ root, maxFolders, skips, onChange, quietMs = defaultQuietMs }: WatchOptions) {
  const watchers = new Map<string, FSWatcher>();
  const burst = createBurst(onChange, quietMs);
  let isClosed = false;

  async function enter(folder: string): Promise<void> {
    if (isClosed || watchers.has(folder) || watchers.size >= maxFolders) return;
    try {
      const watcher = watch(folder, (_event, name) => {
        burst.note();
        if (name !== null) void follow(path.join(folder, name));
      });
      watcher.on('error', () => leave(folder));
      watchers.set(folder, watcher);
    } catch {
      // It is gone, may not be read, or the system has no watch left: the next look at the source sees to it.
      return;
    }
    for (const name of await foldersOf(folder)) if (!skips(name)) await enter(path.join(folder, name));
  }

  /** A name appeared, went or changed: a new folder is entered, one that is gone is left with all below it. */
  async function follow(changed: string): Promise<void> {
    if (skips(path.basename(changed))) return;
    const names = await foldersOf(path.dirname(changed));
    if (names.includes(path.basename(changed))) await enter(changed);
    else leave(changed);
  }

  function leave(folder: string): void {
    for (const [watched, watcher] of watchers) {
      if (watched !== folder && !watched.startsWith(folder + path.sep)) continue;
      watcher.close();
      watchers.delete(watched);
    }
  }

  void enter(root);
  return {
    close() {
      isClosed = true;
      burst.close();
      leave(root);
    },
  };
}

async function foldersOf(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** One call for many notes: after a quiet moment, or when they do not end. */
function createBurst(onChange: () => void, quietMs: number) {
  let timer: NodeJS.Timeout | undefined;
  let startedMs = 0;
  return {
    note() {
      const nowMs = performance.now();
      if (timer === undefined) startedMs = nowMs;
      clearTimeout(timer);
      const waitMs = Math.max(0, Math.min(quietMs, startedMs + longestWaitMs - nowMs));
      timer = setTimeout(() => {
        timer = undefined;
        onChange();
      }, waitMs);
    },
    close: () => clearTimeout(timer),
  };
}
