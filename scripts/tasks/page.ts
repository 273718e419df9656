/** Builds the web page when it is missing or older than what it is made of. */
import fs from 'node:fs';
import path from 'node:path';
import { bin, capture, root } from './run.ts';

/** Does nothing, quickly, when `web/dist` is newer than every source of the page. */
export async function buildPageWhenStale(): Promise<void> {
  const builtMs = modifiedMs(path.join(root, 'web/dist/index.html'));
  if (builtMs > newestSourceMs()) return;
  process.stderr.write('Building the web page … ');
  const result = await capture(bin('vite'), ['build', 'web', '--config', 'web/vite.config.ts', '--logLevel', 'warn']);
  if (result.code !== 0) throw new Error(`\nThe web page could not be built.\n${result.output.trim()}`);
  process.stderr.write(`${result.seconds.toFixed(1)} s\n`);
}

function newestSourceMs(): number {
  const contracts = fs.globSync('src/modules/*/contract.ts', { cwd: root });
  const sources = fs.globSync('web/{src,public}/**/*', { cwd: root });
  const rest = ['web/index.html', 'web/vite.config.ts', 'package-lock.json'];
  return Math.max(...[...contracts, ...sources, ...rest].map((file) => modifiedMs(path.join(root, file))));
}

function modifiedMs(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
