import path from 'node:path';
import { createChildProcessParser } from '#modules/ingestion/adapters/child-process-parser.ts';
import type { Parser } from '#modules/ingestion/index.ts';
import { type ChildPool, createChildPool } from '#platform/sandbox/child-pool.ts';
import type { Config } from './config.ts';
import * as formats from './formats.ts';
import { projectRoot } from './project-root.ts';

/** What reads files from outside: every known format, each file in a child process. Close the pool when done. */
export function openParser(config: Pick<Config, 'sandbox'>): { parser: Parser; pool: ChildPool } {
  const pool = createChildPool({
    entry: new URL('./parser-child.ts', import.meta.url),
    readable: ['src', 'node_modules', 'package.json'].map((name) => path.join(projectRoot, name)),
    config: config.sandbox,
  });
  return { parser: createChildProcessParser({ pool, formats: Object.values(formats) }), pool };
}
