/** One contract for every store: files, and S3 over the real wire. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import S3rver from 's3rver';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../secret.ts';
import { openFileBlobStore } from './adapters/file-blob-store.ts';
import { openS3BlobStore } from './adapters/s3-blob-store.ts';
import { blobsConfig } from './config.ts';
import { openFileKey } from './file-key.ts';
import { openBlobStore } from './open-blob-store.ts';
import type { BlobStore } from './ports.ts';
import { seal, sealOverheadBytes, unseal } from './seal.ts';
import { sealBlobs } from './seal-blobs.ts';

let folder: string;
let stopS3: () => Promise<void>;
let s3Address: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'nexus-blobs-'));
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory: path.join(folder, 's3'),
    configureBuckets: [{ name: 'nexus', configs: [] }],
  });
  s3Address = `http://127.0.0.1:${(await server.run()).port}`;
  stopS3 = () => server.close();
});

afterAll(async () => {
  await stopS3();
  await rm(folder, { recursive: true, force: true });
});

const fileKey = new Secret(randomBytes(32).toString('base64'));
const s3Config = (over: Record<string, unknown> = {}) =>
  blobsConfig.parse({
    s3: { endpoint: s3Address, accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER', prefix: 'tests/', ...over },
  }).s3;

async function keysOf(store: BlobStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}

const stores: Record<string, () => Promise<BlobStore>> = {
  files: async () => openFileBlobStore(path.join(folder, 'files')),
  s3: async () => openS3BlobStore(s3Config()),
};

describe.each(Object.keys(stores))('the store in %s', (name) => {
  let store: BlobStore;
  beforeAll(async () => {
    store = sealBlobs((await stores[name]?.()) as BlobStore, fileKey);
  });

  test('gives back exactly what was kept, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (bytes) => {
        await store.put('a/round-trip', bytes);
        expect(Buffer.compare(await store.get('a/round-trip'), bytes)).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test('replaces what has the same key', async () => {
    await store.put('a/again', Buffer.from('first'));
    await store.put('a/again', Buffer.from('second'));
    expect((await store.get('a/again')).toString()).toBe('second');
  });

  test('tells of a blob that is not there, and deletes it without complaint', async () => {
    expect(await store.has('a/nothing')).toBe(false);
    await expect(store.get('a/nothing')).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND', kind: 'not-found' });
    await store.delete('a/nothing');
  });

  test('is rid of a deleted blob', async () => {
    await store.put('a/gone', Buffer.from('x'));
    expect(await store.has('a/gone')).toBe(true);
    await store.delete('a/gone');
    expect(await store.has('a/gone')).toBe(false);
  });

  test('lists a folder and what is below it, and nothing beside it', async () => {
    for (const key of ['list/one', 'list/deep/two', 'listing/three']) await store.put(key, Buffer.from('12345'));
    expect(await keysOf(store, 'list/')).toEqual(['list/deep/two', 'list/one']);
    for await (const { sizeBytes, modifiedAt } of store.list('list/')) {
      expect(sizeBytes).toBe(5 + sealOverheadBytes);
      expect(Math.abs(modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
    }
    expect(await keysOf(store, 'nowhere/')).toEqual([]);
  });

  test.each(['../escape', '/absolute', 'a//b', 'A', 'a/../b', 'a/.', 'a\0b', '', 'a'.repeat(401)])(
    'refuses the key %j',
    async (key) => {
      await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject({ code: 'BLOB_KEY_INVALID' });
      await expect(store.get(key)).rejects.toMatchObject({ code: 'BLOB_KEY_INVALID' });
    },
  );
});

test('a list of several pages is followed to its end', async () => {
  // The peer above fails on more than one page, so this one answers as the protocol says.
  const pages = http.createServer((request, response) => {
    const query = new URL(request.url ?? '/', 'http://store').searchParams;
    const isFirst = query.get('continuation-token') === null;
    const name = isFirst ? 'one' : 'two';
    response.setHeader('content-type', 'application/xml');
    response.end(`<ListBucketResult><IsTruncated>${isFirst}</IsTruncated>
      <Contents><Key>tests/many/${name}</Key><Size>7</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>
      ${isFirst ? '<NextContinuationToken>next page</NextContinuationToken>' : ''}</ListBucketResult>`);
  });
  await new Promise<void>((resolve) => void pages.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = pages.address() as AddressInfo;
    const store = await openS3BlobStore(s3Config({ endpoint: `http://127.0.0.1:${port}` }));
    expect(await keysOf(store, 'many/')).toEqual(['many/one', 'many/two']);
    store.close();
  } finally {
    pages.closeAllConnections();
    pages.close();
  }
});

test('a store that falls silent is given up after the time limit, before its answer and inside of it', async () => {
  const silent = http.createServer((request, response) => {
    request.resume();
    if (request.method !== 'GET') return;
    response.writeHead(200, { 'content-length': '1000' });
    response.write('the first bytes');
  });
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = silent.address() as AddressInfo;
    const store = await openS3BlobStore(s3Config({ endpoint: `http://127.0.0.1:${port}`, timeoutMs: 300 }));
    const startedMs = performance.now();
    for (const work of [store.put('a/b', Buffer.from('x')), store.has('a/b'), store.delete('a/b'), store.get('a/b')])
      await expect(work).rejects.toMatchObject({ code: 'BLOB_STORE_UNAVAILABLE', kind: 'unavailable' });
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    store.close();
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});

test('objects of others below the prefix are none of ours', async () => {
  const pages = http.createServer((_, response) => {
    response.setHeader('content-type', 'application/xml');
    response.end(`<ListBucketResult><IsTruncated>false</IsTruncated>
      <Contents><Key>tests/many/one</Key><Size>7</Size></Contents>
      <Contents><Key>tests/many/</Key><Size>0</Size></Contents>
      <Contents><Key>tests/many/Backup.ZIP</Key><Size>7</Size></Contents></ListBucketResult>`);
  });
  await new Promise<void>((resolve) => void pages.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = pages.address() as AddressInfo;
    const store = await openS3BlobStore(s3Config({ endpoint: `http://127.0.0.1:${port}` }));
    expect(await keysOf(store, 'many/')).toEqual(['many/one']);
    store.close();
  } finally {
    pages.closeAllConnections();
    pages.close();
  }
});

test.each([{ accessKeyId: 'known' }, { secretAccessKey: 'known' }])(
  'half a credential is refused, and never replaced by another one: %j',
  (half) => {
    expect(blobsConfig.safeParse({ s3: half }).success).toBe(false);
  },
);

test('a store that is not there is unavailable, not empty', async () => {
  const store = await openS3BlobStore(s3Config({ endpoint: 'http://127.0.0.1:1', timeoutMs: 500 }));
  await expect(store.has('a/b')).rejects.toMatchObject({ code: 'BLOB_STORE_UNAVAILABLE', kind: 'unavailable' });
  await expect(store.get('a/b')).rejects.toMatchObject({ code: 'BLOB_STORE_UNAVAILABLE' });
});

describe('files', () => {
  test('hold nothing that can be read, and a changed byte, a cut or a moved file is found', async () => {
    const directory = path.join(folder, 'sealed');
    const store = sealBlobs(await openFileBlobStore(directory), fileKey);
    await store.put('a/secret', Buffer.from('the plain words'));
    const file = path.join(directory, 'a/secret');
    const bytes = await readFile(file);
    expect(bytes.includes('plain words')).toBe(false);

    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(file, changed);
      await expect(store.get('a/secret')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
    }
    for (const length of [0, 1, 40, bytes.length - 1]) {
      await writeFile(file, bytes);
      await truncate(file, length);
      await expect(store.get('a/secret')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
    }
    await writeFile(path.join(directory, 'a/other'), bytes);
    await expect(store.get('a/other')).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
    await writeFile(file, bytes);
    expect((await store.get('a/secret')).toString()).toBe('the plain words');
  });

  test('of two stores on one folder do not write into each other', async () => {
    const directory = path.join(folder, 'shared');
    const stores = await Promise.all([openFileBlobStore(directory), openFileBlobStore(directory)]);
    const writes = Array.from({ length: 40 }, (_, index) => ({
      key: `a/blob-${index}`,
      bytes: Buffer.alloc(200_000, index),
      store: stores[index % 2] as BlobStore,
    }));
    await Promise.all(writes.map(({ store, key, bytes }) => store.put(key, bytes)));
    for (const { key, bytes } of writes) expect(Buffer.compare(await (stores[0] as BlobStore).get(key), bytes)).toBe(0);
  });

  test('are kept again after somebody removed their folder', async () => {
    const directory = path.join(folder, 'removed');
    const store = await openFileBlobStore(directory);
    await store.put('a/b', Buffer.from('x'));
    await rm(path.join(directory, 'a'), { recursive: true });
    await expect(store.put('a/b', Buffer.from('x'))).rejects.toMatchObject({ code: 'BLOB_STORE_UNAVAILABLE' });
    await store.put('a/b', Buffer.from('y'));
    expect((await store.get('a/b')).toString()).toBe('y');
  });

  test('of others in the folder are not listed', async () => {
    const directory = path.join(folder, 'foreign');
    const store = await openFileBlobStore(directory);
    await store.put('a/b', Buffer.from('x'));
    await writeFile(path.join(directory, 'a', 'Thumbs.db'), 'x');
    await mkdir(path.join(directory, 'lost+found'), { mode: 0o000 });
    expect(await keysOf(store, '')).toEqual(['a/b']);
  });

  test('leave no draft behind, also when writing fails', async () => {
    const directory = path.join(folder, 'drafts');
    const store = await openFileBlobStore(directory);
    await store.put('a/b', Buffer.from('x'));
    // A folder stands where the file should: the rename fails.
    await expect(store.put('a', Buffer.from('x'))).rejects.toMatchObject({ code: 'BLOB_STORE_UNAVAILABLE' });
    expect(await readdir(path.join(directory, '.drafts'))).toEqual([]);
  });
});

describe('the file key', () => {
  test('is made once, for all who open the home at the same time', async () => {
    const home = path.join(folder, 'home');
    const keys = await Promise.all(Array.from({ length: 8 }, () => openFileKey(home)));
    expect(new Set(keys.map((key) => key.reveal())).size).toBe(1);
    expect((await openFileKey(home)).reveal()).toBe(keys[0]?.reveal());
    expect(await readdir(path.join(home, 'keys'))).toEqual(['file.key']);
  });

  test('is refused when it is not 32 bytes', async () => {
    await expect(openFileKey(folder, new Secret('c2hvcnQ='))).rejects.toMatchObject({ code: 'FILE_KEY_INVALID' });
  });

  test('opens nothing that another key has sealed', () => {
    const other = new Secret(randomBytes(32).toString('base64'));
    expect(() => unseal(other, 'name', seal(fileKey, 'name', Buffer.from('x')))).toThrow(/another key/);
  });
});

test('the configured store is opened below the home', async () => {
  const home = path.join(folder, 'whole');
  const { blobs, close } = await openBlobStore(home, blobsConfig.parse({}));
  await blobs.put('a/b', Buffer.from('kept'));
  close();
  const again = await openBlobStore(home, blobsConfig.parse({}));
  expect((await again.blobs.get('a/b')).toString()).toBe('kept');
});
