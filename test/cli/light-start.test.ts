/** What the command line reads from the disk before it knows what is asked of it. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const listLoaded = `data:text/javascript,${encodeURIComponent(
  `import { registerHooks } from 'node:module';
   registerHooks({ load(url, context, next) { process.stderr.write('loaded ' + url + '\\n'); return next(url, context); } });`,
)}`;

test.for([['--help'], ['frobnicate'], ['ingest', '--help']])(
  '%s reads no module, so that it is answered at once',
  (words) => {
    const { stderr } = spawnSync(process.execPath, ['--import', listLoaded, 'src/cli/main.ts', ...words], {
      cwd: root,
      encoding: 'utf8',
    });
    const loaded = stderr.split('\n').filter((line) => line.startsWith('loaded '));
    expect(loaded.some((line) => line.includes('/src/cli/program.ts'))).toBe(true);
    expect(loaded.filter((line) => line.includes('/src/modules/'))).toEqual([]);
  },
);
