import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFileWriter, type FileWriter } from './file-writer.ts';

let folder: string;
let writer: FileWriter;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'nexus-writer-'));
  writer = createFileWriter();
});
afterEach(async () => {
  await writer.close();
  await rm(folder, { recursive: true });
});

const write = (name: string, text: string) =>
  writer.write({ draft: path.join(folder, `${name}.draft`), file: path.join(folder, name), bytes: Buffer.from(text) });

test('of files that are written together one that fails fails alone, with the code of the system', async () => {
  const names = Array.from({ length: 20 }, (_, index) => (index === 7 ? 'absent/file' : `file-${index}`));
  const outcomes = await Promise.allSettled(names.map((name) => write(name, `text of ${name}`)));
  expect(outcomes.map(({ status }) => status)).toEqual(
    names.map((_, index) => (index === 7 ? 'rejected' : 'fulfilled')),
  );
  expect(outcomes[7]).toMatchObject({ reason: { code: 'ENOENT' } });
  expect(await readdir(folder)).toHaveLength(19);
  expect(await readFile(path.join(folder, 'file-19'), 'utf8')).toBe('text of file-19');
});

test('a thread that ends fails what it had in hand, and the next file has a new one', async () => {
  await write('first', 'first');
  const cut = write('second', 'second').then(
    () => 'written',
    () => 'failed',
  );
  const closing = writer.close();
  const third = write('third', 'third').catch(() => write('third', 'third'));
  await closing;
  expect(['written', 'failed']).toContain(await cut);
  await third;
  expect(await readFile(path.join(folder, 'third'), 'utf8')).toBe('third');
});
