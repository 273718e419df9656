import { useCallback, useEffect, useRef, useState } from 'react';
import { isAbort, toProblem } from '../../lib/http.ts';
import { uploadDocument } from './api.ts';
import { maxFiles, type Upload } from './upload.ts';

export type Uploads = {
  uploads: Upload[];
  busy: boolean;
  /** Takes at most `maxFiles`; returns how many were left out. */
  add: (files: File[]) => number;
  clear: () => void;
};

/** How many files travel at once; the server parses them one by one anyway. */
const lanes = 2;

type Job = { key: string; file: File };

/** `onStored` gets the index position that a search must reach to see the document. */
export function useUploads(onStored: (position: string) => void): Uploads {
  const [uploads, setUploads] = useState<Upload[]>([]);
  const waiting = useRef<Job[]>([]);
  const active = useRef(0);
  const added = useRef(0);
  const left = useRef<AbortController>(undefined);

  useEffect(() => {
    const controller = new AbortController();
    left.current = controller;
    return () => {
      waiting.current = [];
      controller.abort();
    };
  }, []);

  const update = useCallback((next: Upload) => {
    setUploads((before) => before.map((upload) => (upload.key === next.key ? next : upload)));
  }, []);

  const sendOne = async ({ key, file }: Job, signal: AbortSignal) => {
    const name = file.name;
    const onProgress = (share: number) => update({ key, name, state: 'sending', share });
    try {
      onProgress(0);
      const reply = await uploadDocument(file, { signal, onProgress });
      update({ key, name, state: 'stored', reply });
      onStored(reply.position);
    } catch (error) {
      if (!isAbort(error)) update({ key, name, state: 'failed', problem: toProblem(error) });
    }
  };

  const runLane = async () => {
    const signal = left.current?.signal;
    if (signal === undefined) return;
    active.current += 1;
    for (let job = waiting.current.shift(); job !== undefined; job = waiting.current.shift())
      await sendOne(job, signal);
    active.current -= 1;
  };

  const add = (files: File[]) => {
    const room = Math.max(0, maxFiles - waiting.current.length);
    const jobs = files.slice(0, room).map((file, index) => ({ key: `file-${added.current + index}`, file }));
    added.current += jobs.length;
    waiting.current.push(...jobs);
    setUploads((before) => [
      ...jobs.map(({ key, file }): Upload => ({ key, name: file.name, state: 'queued' })),
      ...before,
    ]);
    for (let lane = active.current; lane < lanes; lane += 1) void runLane();
    return files.length - jobs.length;
  };

  const busy = uploads.some((upload) => upload.state === 'queued' || upload.state === 'sending');
  useEffect(() => {
    if (!busy) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [busy]);

  return { uploads, busy, add, clear: () => setUploads([]) };
}
