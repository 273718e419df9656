#!/usr/bin/env node
/**
 * The door of every npm script: installs what is missing, then hands over to the pinned Node 24.
 * Plain JavaScript without a dependency, because it must run on Node 18 and before anything is installed.
 * What the tasks do is in `scripts/task.ts`; this file must stay able to start on an old Node.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRuntime } from './bootstrap/find-runtime.mjs';
import { BootstrapError, ensureInstalled } from './bootstrap/install.mjs';
import { become } from './bootstrap/process.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

function main([task, ...rest]) {
  const freshlyInstalled = ensureInstalled(root, {
    benches: task === 'bench' && !rest.some((flag) => flag === '--no-peers' || flag === '--list'),
  });
  const runtime = findRuntime(root, { verify: freshlyInstalled });
  const script = task === 'nexus' ? ['src/cli/main.ts'] : ['scripts/task.ts', ...(task === undefined ? [] : [task])];
  become(runtime, [path.join(root, script[0]), ...script.slice(1), ...rest], {
    ...process.env,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(root, 'node_modules', '.cache', 'compile'),
    PATH: [path.join(root, 'node_modules', '.bin'), process.env.PATH].filter(Boolean).join(path.delimiter),
  });
}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BootstrapError)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
