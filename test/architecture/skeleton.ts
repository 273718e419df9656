/** A small copy of the project's shape in a temporary folder, for tests that break its rules on purpose. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

export type Skeleton = { folder: string; remove(): void };

/** Holds our own configuration files, our packages by a link, and the given files. */
export function createSkeleton(files: Record<string, string>): Skeleton {
  const folder = mkdtempSync(path.join(tmpdir(), 'nexus-architecture-'));
  for (const name of [
    'package.json',
    'tsconfig.json',
    'biome.json',
    '.gitignore',
    'architecture.mjs',
    '.dependency-cruiser.mjs',
  ]) {
    cpSync(path.join(root, name), path.join(folder, name));
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
