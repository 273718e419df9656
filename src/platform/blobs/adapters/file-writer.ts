/** Hands small files to the thread that writes them. */
import { Worker } from 'node:worker_threads';

/** `draft` is made, written, synced and renamed to `file`, whose folder is synced then. */
export type WrittenFile = { id: number; draft: string; file: string; bytes: Uint8Array };

export type WrittenReply = { id: number; error: { code: string | undefined; message: string } | undefined };

export type FileWriter = {
  /** Throws what the system says. */
  write(file: Omit<WrittenFile, 'id'>): Promise<void>;
  close(): Promise<void>;
};

/** The thread begins with the first file and keeps no process alive that has nothing to write. */
export function createFileWriter(): FileWriter {
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  let thread: Worker | undefined;
  let nextId = 0;

  function begin(): Worker {
    const begun = new Worker(new URL('./file-writer-thread.ts', import.meta.url), { name: 'file writer' });
    begun.on('message', (replies: WrittenReply[]) => {
      for (const { id, error } of replies) {
        const one = waiting.get(id);
        waiting.delete(id);
        if (error === undefined) one?.resolve();
        else one?.reject(Object.assign(new Error(error.message), { code: error.code }));
      }
      if (waiting.size === 0) begun.unref();
    });
    const end = (cause?: unknown): void => {
      // An error is followed by the exit, when the next thread may have work already.
      if (thread !== begun) return;
      thread = undefined;
      const error = new Error('The thread that writes files ended.', { cause });
      for (const one of waiting.values()) one.reject(error);
      waiting.clear();
    };
    begun.on('error', end);
    begun.on('exit', () => end());
    return begun;
  }

  return {
    write(file) {
      thread ??= begin();
      const id = nextId++;
      const one = Promise.withResolvers<void>();
      // A small buffer is a part of a large one, all of which would be copied.
      const bytes = Uint8Array.from(file.bytes);
      thread.postMessage({ ...file, id, bytes }, [bytes.buffer]);
      waiting.set(id, one);
      thread.ref();
      return one.promise;
    },
    async close() {
      await thread?.terminate();
    },
  };
}
