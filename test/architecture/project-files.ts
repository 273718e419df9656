/** Lists of the project's own files for the tests that judge them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './skeleton.ts';

/** Every file that is or would be committed, relative to the root; a copy without git is walked instead. */
export function projectFiles(): string[] {
  const listed = existsSync(path.join(root, '.git'))
    ? execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
        cwd: root,
        encoding: 'utf8',
      })
        .split('\0')
        .filter((file) => file !== '')
    : walk('');
  return listed.filter((file) => existsSync(path.join(root, file))).sort();
}

const ignoredFolders = new Set(['node_modules', '.git', '.nexus', '.cache', 'dist', 'coverage']);

function walk(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return ignoredFolders.has(entry.name) ? [] : walk(file);
    return [file];
  });
}

/** The text, or undefined for a file that is not text. */
export function textOf(file: string): string | undefined {
  const bytes = readFileSync(path.join(root, file));
  return bytes.includes(0) ? undefined : bytes.toString('utf8');
}
