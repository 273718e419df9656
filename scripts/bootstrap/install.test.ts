import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

type Lock = { packages: Record<string, { version?: string; optional?: boolean }> };
type Install = { holdsEverything(lock: Lock, installed: Partial<Lock>): boolean; isFresh(folder: string): boolean };
type Explain = { explainInstallFailure(output: string, exitCode: number): string };

/** Plain JavaScript without types, because it runs before anything is installed. */
const load = (file: string) => import(path.join(import.meta.dirname, file));
const { holdsEverything, isFresh }: Install = await load('install.mjs');
const { explainInstallFailure }: Explain = await load('errors.mjs');

const lock: Lock = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/needed': { version: '1.2.3' },
    'node_modules/elsewhere': { version: '4.5.6', optional: true },
  },
};

describe('what is installed', () => {
  test('is complete without the optional packages of other platforms', () => {
    expect(holdsEverything(lock, { packages: { 'node_modules/needed': { version: '1.2.3' } } })).toBe(true);
  });

  test.each<[string, Lock['packages']]>([
    ['a package is missing', {}],
    ['a package has another version', { 'node_modules/needed': { version: '1.2.4' } }],
    [
      'an optional package has another version',
      { 'node_modules/needed': { version: '1.2.3' }, 'node_modules/elsewhere': { version: '4.5.7' } },
    ],
    [
      'a package was left behind',
      { 'node_modules/needed': { version: '1.2.3' }, 'node_modules/old': { version: '1.0.0' } },
    ],
  ])('is stale when %s', (_case, packages) => {
    expect(holdsEverything(lock, { packages })).toBe(false);
  });
});

describe('freshness', () => {
  let folder: string;
  const at = (file: string) => path.join(folder, file);

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'nexus-bootstrap-'));
    mkdirSync(at('node_modules'));
    writeFileSync(at('package-lock.json'), JSON.stringify(lock));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('accepts what `npm ci` by hand has installed, and leaves a stamp for the launcher', () => {
    writeFileSync(
      at('node_modules/.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/needed': { version: '1.2.3' } } }),
    );
    expect(isFresh(folder)).toBe(true);
    expect(statSync(at('node_modules/.package-lock-hash')).isFile()).toBe(true);
  });

  test('renews the stamp of a lock file that was touched without a change', () => {
    writeFileSync(
      at('node_modules/.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/needed': { version: '1.2.3' } } }),
    );
    isFresh(folder);
    const future = new Date(Date.now() + 1000);
    utimesSync(at('package-lock.json'), future, future);
    const before = statSync(at('node_modules/.package-lock-hash')).mtimeMs;
    expect(isFresh(folder)).toBe(true);
    expect(statSync(at('node_modules/.package-lock-hash')).mtimeMs).toBeGreaterThanOrEqual(before);
  });

  test('ends when the lock file changes', () => {
    writeFileSync(
      at('node_modules/.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/needed': { version: '1.2.3' } } }),
    );
    isFresh(folder);
    writeFileSync(
      at('package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/needed': { version: '2.0.0' } } }),
    );
    expect(isFresh(folder)).toBe(false);
  });

  test('names the lock file when it is missing', () => {
    rmSync(at('package-lock.json'));
    expect(() => isFresh(folder)).toThrow(/package-lock.json is missing/);
  });
});

describe('a failed installation', () => {
  test.each([
    ['npm error code ENOTFOUND', /registry could not be reached/],
    ['npm error code ENOSPC', /disk is full/],
    ['npm error code EACCES\nnpm error path /home', /may not write/],
    ['npm error code EUSAGE', /do not belong together/],
    ['npm error code EINTEGRITY', /not the one that package-lock.json names/],
    ['npm error code EBADPLATFORM', /does not exist for this platform/],
    ['npm error code E404', /refused a package/],
  ])('with "%s" is told with its cure and what npm said', (output, cure) => {
    const message = explainInstallFailure(output, 1);
    expect(message).toMatch(cure);
    expect(message).toContain(output);
  });

  test('without a known cause names the exit code', () => {
    expect(explainInstallFailure('something else', 7)).toContain('exit code 7');
  });
});
