/**
 * Tells soon that something below a folder changed. Watches folders, not files: Node's own recursive watching takes one
 * watch a file on Linux, and the system has few. What is missed is found at the next look.
 */
import { type FSWatcher, watch } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
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
const rootCheckMs = 2000;

export function watchFolder({ root, maxFolders, skips, onChange, quietMs = defaultQuietMs }: WatchOptions) {
  const watched = new Map<string, { identity: string; watcher: FSWatcher }>();
  const burst = createBurst(onChange, quietMs);
  let isClosed = false;

  /** Watches this folder and those below, if it is one and not watched yet. True when something was added. */
  async function follow(folder: string): Promise<boolean> {
    const identity = await identityOf(folder);
    const known = watched.get(folder);
    if (known !== undefined && known.identity !== identity) leave(folder);
    if (identity === undefined || isClosed || watched.has(folder) || watched.size >= maxFolders) return false;
    try {
      const watcher = watch(folder, (event, name) => hear(folder, event, name));
      watcher.on('error', () => leave(folder));
      watched.set(folder, { identity, watcher });
    } catch {
      // It is gone, may not be read, or the system has no watch left: the next look at the source sees to it.
      return false;
    }
    for (const name of await foldersOf(folder)) if (!skips(name)) await follow(path.join(folder, name));
    return true;
  }

  function hear(folder: string, event: string, name: string | null): void {
    if (name !== null && skips(name)) return;
    burst.note();
    if (name === null || event !== 'rename') return;
    // It came, went or was replaced: a folder may be another one than before, under the same name and even number.
    void renew(path.join(folder, name));
    // A folder tells its own end under its own name.
    if (name === path.basename(folder)) void renew(folder);
  }

  async function renew(folder: string): Promise<void> {
    if (watched.has(folder)) leave(folder);
    await refresh(folder);
  }

  /** What was laid into a new folder before it was watched is told too. */
  async function refresh(folder: string): Promise<void> {
    if (await follow(folder)) burst.note();
  }

  function leave(folder: string): void {
    for (const [name, { watcher }] of watched) {
      if (name !== folder && !name.startsWith(folder + path.sep)) continue;
      watcher.close();
      watched.delete(name);
    }
  }

  void follow(root);
  // Nobody tells when the root itself comes back, e.g. a disk that is mounted again.
  const timer = setInterval(() => void refresh(root), rootCheckMs);
  return {
    close() {
      isClosed = true;
      clearInterval(timer);
      burst.close();
      leave(root);
    },
  };
}

/** Which folder this is; undefined for what is no folder, or a link to one. */
async function identityOf(folder: string): Promise<string | undefined> {
  try {
    const stats = await lstat(folder, { bigint: true });
    return stats.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined;
  } catch {
    return undefined;
  }
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
