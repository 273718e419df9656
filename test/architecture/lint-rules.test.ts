import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSkeleton, root, type Skeleton } from './skeleton.ts';

const statements = (count: number) => Array.from({ length: count }, (_, line) => `  total += ${line};`).join('\n');
const nest = (depth: number): string =>
  depth === 0 ? 'total += 1;' : `for (const item of items) { if (item > ${depth}) { ${nest(depth - 1)} } }`;

/** A file that breaks each lint rule which our style stands on. */
const broken: [rule: string, file: string, content: string][] = [
  ['style/noProcessEnv', 'src/platform/environment.ts', 'export const home = process.env.HOME;\n'],
  ['suspicious/noExplicitAny', 'src/platform/anything.ts', 'export const held: any = 1;\n'],
  ['suspicious/noConsole', 'src/platform/loud.ts', "console.log('loud');\n"],
  ['style/noDefaultExport', 'src/platform/nameless.ts', 'const held = 1;\nexport default held;\n'],
  ['style/useFilenamingConvention', 'src/platform/CamelCase.ts', 'export const held = 1;\n'],
  ['style/noNonNullAssertion', 'src/platform/surely.ts', 'export const first = (list: string[]) => list.at(0)!;\n'],
  [
    'style/noParameterAssign',
    'src/platform/reuse.ts',
    'export function next(value: number) {\n  value += 1;\n  return value;\n}\n',
  ],
  [
    'style/noNestedTernary',
    'src/platform/nested.ts',
    'export const sign = (x: number) => (x < 0 ? -1 : x > 0 ? 1 : 0);\n',
  ],
  [
    'style/useImportType',
    'src/platform/value-import.ts',
    "import { Stats } from 'node:fs';\nexport type Held = Stats;\n",
  ],
  ['performance/noReExportAll', 'src/platform/barrel.ts', "export * from './surely.ts';\n"],
  [
    'complexity/noExcessiveLinesPerFunction',
    'src/platform/long-function.ts',
    `export function sum() {\n  let total = 0;\n${statements(71)}\n  return total;\n}\n`,
  ],
  [
    'style/noExcessiveLinesPerFile',
    'src/platform/long-file.ts',
    Array.from({ length: 401 }, (_, line) => `export const line${line} = ${line};`).join('\n'),
  ],
  [
    'complexity/noExcessiveCognitiveComplexity',
    'src/platform/knot.ts',
    `export function knot(items: number[]) {\n  let total = 0;\n  ${nest(4)}\n  return total;\n}\n`,
  ],
];

type Diagnostic = { category: string; location: { path: string | { file: string } } };

const fileOf = ({ location }: Diagnostic) => (typeof location.path === 'string' ? location.path : location.path.file);

describe('the lint rules', () => {
  let copy: Skeleton;
  let diagnostics: Diagnostic[];

  beforeAll(async () => {
    copy = createSkeleton(Object.fromEntries(broken.map(([, file, content]) => [file, content])));
    const { stdout } = await promisify(execFile)(
      path.join(root, 'node_modules/.bin/biome'),
      ['lint', '--reporter=json', '--max-diagnostics=none', 'src'],
      { cwd: copy.folder, maxBuffer: 64 << 20 },
    ).catch((error: { stdout: string }) => error);
    diagnostics = JSON.parse(stdout).diagnostics;
  });
  afterAll(() => copy.remove());

  test.each(broken)('%s stops %s', (rule, file) => {
    const found = diagnostics.filter((diagnostic) => fileOf(diagnostic).endsWith(file)).map(({ category }) => category);
    expect(found).toContain(`lint/${rule}`);
  });
});
