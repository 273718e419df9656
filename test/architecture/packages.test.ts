import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { incompatibleLicences } from '../../scripts/licences.ts';
import { root } from './skeleton.ts';

type LockEntry = { version?: string; integrity?: string; optionalDependencies?: Record<string, string> };
type Manifest = {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
};

const read = <Content>(file: string): Content => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

describe.each(['.', 'bench/peers'])('the packages of %s', (folder) => {
  const lock = read<{ packages: Record<string, LockEntry> }>(path.join(folder, 'package-lock.json'));
  const manifest = read<Manifest>(path.join(folder, 'package.json'));
  const locked = Object.entries(lock.packages).filter(([name]) => name !== '');

  test('are all locked with a checksum', () => {
    expect(locked.filter(([, entry]) => !/^sha512-/.test(entry.integrity ?? '')).map(([name]) => name)).toEqual([]);
  });

  test('are locked for every platform, or `npm ci` refuses the lock file', () => {
    const isLocked = (asker: string, name: string) =>
      `${asker}/node_modules/${name}` in lock.packages || `node_modules/${name}` in lock.packages;
    const missing = locked.flatMap(([asker, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(asker, name)),
    );
    expect(missing).toEqual([]);
  });

  test('are named without a registry, so that any mirror serves', () => {
    expect(JSON.stringify(lock)).not.toContain('"resolved"');
  });

  test('are asked for in one exact version', () => {
    const wanted = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
    expect(Object.entries(wanted).filter(([, version]) => !/^\d+[.]\d+[.]\d+/.test(version))).toEqual([]);
  });
});

test('every installed package has a licence that goes with Apache-2.0', () => {
  expect(incompatibleLicences(root)).toEqual([]);
});
