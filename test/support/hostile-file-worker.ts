/**
 * Makes hostile files in a thread of its own, one ahead at most: deflating a gigabyte would stop the clock of whoever
 * measures in the same thread, and let its idle connections be closed.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { HostileOptions } from './hostile-file.ts';
import { hostileFiles } from './hostile-files.ts';

export type MadeFile = {
  label: string;
  filename: string;
  bytes: Uint8Array<ArrayBuffer> | undefined;
  sparseBytes: number;
};

export async function* hostileFilesFromWorker(options: HostileOptions): AsyncGenerator<MadeFile> {
  const worker = new Worker(new URL(import.meta.url), { workerData: options });
  try {
    for (;;) {
      worker.postMessage('next');
      const [made] = (await once(worker, 'message')) as [MadeFile | undefined];
      if (made === undefined) return;
      yield made;
    }
  } finally {
    await worker.terminate();
  }
}

function serve(): void {
  const files = hostileFiles(workerData as HostileOptions);
  parentPort?.on('message', () => {
    const { value } = files.next();
    if (value === undefined) {
      parentPort?.postMessage(undefined);
      return;
    }
    const made = value.make();
    const isSparse = 'sparseBytes' in made;
    parentPort?.postMessage({
      label: value.label,
      filename: value.filename,
      bytes: isSparse ? undefined : new Uint8Array(made),
      sparseBytes: isSparse ? made.sparseBytes : 0,
    } satisfies MadeFile);
  });
}

if (!isMainThread) serve();
