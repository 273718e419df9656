/** docs/reference/errors.md: every code of every catalogue, by the part of the product that throws it. */
import fs from 'node:fs';
import path from 'node:path';
import type { ErrorCatalogue } from '#platform/errors.ts';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { joinTable, root } from './markdown.ts';

type Owned = { owner: string; code: string; sentence: string };

/** Throws when two catalogues name the same code, or when the code throws one that no catalogue names. */
export async function describeErrors(): Promise<string> {
  const errors = (await collect()).sort((a, b) => compare(a.owner, b.owner) || compare(a.code, b.code));
  const ownerOfCode = new Map<string, string>();
  for (const { code, owner } of errors) {
    const other = ownerOfCode.get(code);
    if (other !== undefined)
      throw new Error(`The error code ${code} stands in the catalogues of ${other} and ${owner}.`);
    ownerOfCode.set(code, owner);
  }
  const unlisted = thrownCodes().filter((code) => !ownerOfCode.has(code));
  if (unlisted.length > 0) throw new Error(`Error codes without a catalogue: ${unlisted.join(', ')}.`);
  const kinds = Object.entries(exitCodes).map(([kind, exit]) => [`\`${kind}\``, String(exit)]);
  const parts = [...Map.groupBy(errors, ({ owner }) => owner)].map(([owner, owned]) =>
    [
      `## ${owner}`,
      joinTable(
        ['code', 'cause and cure'],
        owned.map(({ code, sentence }) => [`\`${code}\``, sentence]),
      ),
    ].join('\n\n'),
  );
  return [
    '# Errors',
    '',
    'Every error has a code that never changes its meaning. Over HTTP it comes as `application/problem+json` with `code`,',
    '`message`, `details` and `request_id`; the command line prints the message and ends with the exit code of its kind.',
    '',
    joinTable(['kind', 'exit code'], kinds),
    '',
    parts.join('\n\n'),
    '',
  ].join('\n');
}

const sources = () =>
  fs
    .globSync('src/**/*.ts', { cwd: root })
    .filter((file) => !/[.]test[.]ts$|\/testing\//.test(file))
    .sort();

const textOf = (file: string) => fs.readFileSync(path.join(root, file), 'utf8');

/** Codes that stand in the code as `new AppError('CODE', …)`. */
function thrownCodes(): string[] {
  const codes = sources().flatMap((file) =>
    [...textOf(file).matchAll(/new AppError\(\s*'([A-Z0-9_]+)'/g)].map((match) => match[1] ?? ''),
  );
  return [...new Set(codes)].sort();
}

async function collect(): Promise<Owned[]> {
  const files = sources().filter((file) => /export const \w+Errors\b/.test(textOf(file)));
  const found: Owned[] = [];
  for (const file of files) {
    const exported: Record<string, unknown> = await import(path.join(root, file));
    for (const name of Object.keys(exported)
      .filter((key) => key.endsWith('Errors'))
      .sort()) {
      const catalogue = exported[name] as ErrorCatalogue;
      found.push(...Object.entries(catalogue).map(([code, sentence]) => ({ owner: ownerOf(file), code, sentence })));
    }
  }
  return found;
}

/** `src/modules/chat/errors.ts` → `chat`, `src/platform/http/errors.ts` → `platform/http`. */
function ownerOf(file: string): string {
  const [, top = '', second = '', third] = file.split('/');
  if (top === 'modules') return second;
  return third === undefined ? top : `${top}/${second}`;
}

const compare = (a: string, b: string) => Number(a > b) - Number(a < b);
