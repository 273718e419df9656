import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSampleServer } from '../testing/sample-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'nexus-page-'));
beforeAll(() => {
  mkdirSync(join(directory, 'dist/assets'), { recursive: true });
  writeFileSync(join(directory, 'dist/index.html'), '<!doctype html><title>Page</title>');
  writeFileSync(join(directory, 'dist/favicon.svg'), '<svg/>');
  writeFileSync(join(directory, 'dist/.secret'), 'hidden');
  writeFileSync(join(directory, 'dist/assets/index-Ab12_xyz.js'), 'export {};');
  writeFileSync(join(directory, 'dist/assets/index-Ab12_xyz.js.map'), '{}');
  writeFileSync(join(directory, 'outside.txt'), 'hidden');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function ask(staticDirectory: string, ...paths: string[]) {
  const server = await createSampleServer({ staticDirectory });
  const replies = await Promise.all(paths.map((url) => server.inject({ url })));
  await server.close();
  return replies;
}

test('serves the page at / and at the addresses that it routes itself, always fresh', async () => {
  const replies = await ask(join(directory, 'dist'), '/', '/documents/01a1?start=3');
  for (const reply of replies) {
    expect([reply.statusCode, reply.headers['cache-control']]).toEqual([200, 'no-cache']);
    expect(reply.headers['content-type']).toContain('text/html');
    expect(reply.headers['content-security-policy']).toContain("default-src 'self'");
    expect(reply.body).toContain('Page');
  }
});

test('lets files whose name holds a hash be kept for ever', async () => {
  const [script, icon] = await ask(join(directory, 'dist'), '/assets/index-Ab12_xyz.js', '/favicon.svg');
  expect(script?.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(script?.headers['content-type']).toContain('javascript');
  expect(icon?.headers['cache-control']).toBe('no-cache');
});

test('serves no source map, no hidden file and nothing outside its folder', async () => {
  const hostile = [
    '/assets/index-Ab12_xyz.js.map',
    '/.secret',
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/assets/..%2f..%2foutside.txt',
    '/documents/..%2f..%2foutside.txt',
  ];
  for (const reply of await ask(join(directory, 'dist'), ...hostile)) {
    expect(reply.body).not.toContain('hidden');
    if (!reply.body.includes('Page')) expect(reply.json().code).toBe('ROUTE_NOT_FOUND');
  }
});

test('answers unknown addresses with a problem, not with the page', async () => {
  const [api, other] = await ask(join(directory, 'dist'), '/api/v1/nothing', '/nothing.html');
  expect([api?.json().code, other?.json().code]).toEqual(['ROUTE_NOT_FOUND', 'ROUTE_NOT_FOUND']);
});

test('says how to build the page when it is not built', async () => {
  const [page] = await ask(join(directory, 'nowhere'), '/');
  expect(page?.statusCode).toBe(503);
  expect(page?.body).toContain('npm run build');
});
