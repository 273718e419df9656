/** Stops taking in more while the disk is nearly full: a database that cannot write its log any more serves nobody. */
import { statfs } from 'node:fs/promises';
import { AppError } from '../errors.ts';
import type { StorageConfig } from './config.ts';

export type DiskGuard = {
  /** Throws STORAGE_FULL while less than the reserve is free. */
  requireSpace(): void;
  /** Free space of the disk when it was last looked at, in bytes. */
  freeBytes(): number;
  close(): void;
};

/** What a burst can write between two looks is far below the reserve. */
const lookEveryMs = 500;
const mebibyte = 1024 ** 2;

/** Looks once before it returns. A disk that cannot be asked counts as free: the write itself will tell. */
export async function openDiskGuard(folder: string, { reserveMegabytes }: StorageConfig): Promise<DiskGuard> {
  let freeBytes = Number.POSITIVE_INFINITY;
  let isLooking = false;
  const look = async (): Promise<void> => {
    // A disk that does not answer would take one thread after the other, which all file access needs.
    if (isLooking) return;
    isLooking = true;
    try {
      const { bavail, bsize } = await statfs(folder);
      freeBytes = bavail * bsize;
    } catch {
      freeBytes = Number.POSITIVE_INFINITY;
    } finally {
      isLooking = false;
    }
  };
  await look();
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return {
    freeBytes: () => freeBytes,
    requireSpace() {
      if (freeBytes >= reserveMegabytes * mebibyte) return;
      const free = Math.floor(freeBytes / mebibyte);
      const message = `The disk is nearly full: ${free} MiB are free, and ${reserveMegabytes} are kept for the database (storage.reserveMegabytes). Free space; it goes on by itself.`;
      throw new AppError('STORAGE_FULL', 'storage-full', message, {
        details: { freeMegabytes: free, reserveMegabytes },
      });
    },
    close: () => clearInterval(timer),
  };
}
