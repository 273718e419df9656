import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readServerFile, removeServerFile, writeServerFile } from './server-file.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'nexus-file-'));
});
afterEach(() => rm(home, { recursive: true }));

const server = { pid: process.pid, url: 'http://127.0.0.1:1', token: 'token', startedAt: '2026-01-01', version: '1' };

test('only its owner can read the token of the running server', async () => {
  await writeServerFile(home, server);
  expect((await stat(path.join(home, 'run', 'server.json'))).mode & 0o777).toBe(0o600);
  expect((await stat(path.join(home, 'run'))).mode & 0o777).toBe(0o700);
  expect(await readServerFile(home)).toEqual(server);
});

test('no file, a damaged one and that of a dead process are no server', async () => {
  expect(await readServerFile(home)).toBeUndefined();
  await writeServerFile(home, { ...server, pid: 2 ** 30 });
  expect(await readServerFile(home)).toBeUndefined();
  await writeFile(path.join(home, 'run', 'server.json'), '{"pid":');
  expect(await readServerFile(home)).toBeUndefined();
  await removeServerFile(home);
  expect(await readServerFile(home)).toBeUndefined();
});
