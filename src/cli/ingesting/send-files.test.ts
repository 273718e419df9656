import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '#platform/errors.ts';
import type { ApiRequest, Connection } from '../connection.ts';
import { sendFiles } from './send-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'nexus-send-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A server that notes what it gets, and answers as it is told. */
function open(answer: (request: ApiRequest) => unknown = () => ({})) {
  const got: ApiRequest[] = [];
  const connection: Connection = {
    url: undefined,
    async call<Reply>(request: ApiRequest) {
      got.push(request);
      return answer(request) as Reply;
    },
    async *events() {},
    close: async () => undefined,
  };
  return { got, connection };
}

const found = (name: string, text = 'text') => {
  const file = { path: path.join(folder, name), name };
  writeFileSync(file.path, text);
  return file;
};
const options = {
  taskId: 'a task',
  collection: undefined,
  maxFileBytes: 1000,
  signal: new AbortController().signal,
};

test('a file that is being written is sent when it is whole, and told when that never comes', async () => {
  const { got, connection } = open();
  const [brief, endless] = [found('brief.md'), found('endless.md')];
  const stop = { brief: false, endless: false };
  // In each turn of the event loop, so that no read comes between two writes.
  const grow = (name: keyof typeof stop, file: string): void => {
    if (stop[name]) return;
    appendFileSync(file, '.');
    setImmediate(grow, name, file);
  };
  grow('brief', brief.path);
  grow('endless', endless.path);
  setTimeout(() => {
    stop.brief = true;
  }, 100);
  const { sent, failures } = await sendFiles(connection, [brief, endless], { ...options, maxFileBytes: 1_000_000 });
  stop.endless = true;
  expect(sent).toBe(1);
  expect(got.map(({ query }) => query?.filename)).toEqual(['brief.md']);
  expect(failures).toMatchObject([{ file: 'endless.md', code: 'FILE_UNREADABLE' }]);
});

test('what is wrong with one file is a line of the report, and the others are sent', async () => {
  const { connection } = open(({ query }) => {
    if (query?.filename === 'bad.md') throw new AppError('DOCUMENT_ENCODING', 'invalid', 'It is no text.');
  });
  const files = [
    found('bad.md'),
    found('big.md', 'x'.repeat(1001)),
    { ...found('gone.md'), path: '/nowhere' },
    found('ok.md'),
  ];
  const { sent, failures } = await sendFiles(connection, files, options);
  expect(sent).toBe(1);
  expect(failures.map(({ file, code }) => `${file} ${code}`).sort()).toEqual([
    'bad.md DOCUMENT_ENCODING',
    'big.md DOCUMENT_TOO_LARGE',
    'gone.md FILE_UNREADABLE',
  ]);
});

test('what every file would meet ends the sending', async () => {
  const { got, connection } = open(() => {
    throw new AppError('STORAGE_FULL', 'storage-full', 'The disk is full.');
  });
  const files = Array.from({ length: 50 }, (_, index) => found(`${index}.md`));
  await expect(sendFiles(connection, files, options)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(got.length).toBeLessThan(10);
});
