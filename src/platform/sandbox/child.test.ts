import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('a process without a free file descriptor is told so, and lives on', () => {
  const script = `
    import fs from 'node:fs';
    import { startChild } from ${JSON.stringify(new URL('./child.ts', import.meta.url).href)};
    const open = [];
    try { for (;;) open.push(fs.openSync('/dev/null')); } catch { fs.closeSync(open.pop()); }
    const launch = { command: process.execPath, args: ['-e', '0'], strength: 0, isolation: [] };
    const error = await startChild(launch, { maxReplyBytes: 1000, startDeadlineMs: 1000, maxMemoryMegabytes: 512 }).catch((thrown) => thrown);
    for (const descriptor of open) fs.closeSync(descriptor);
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.log(error.code, error.kind);`;
  const output = execFileSync(
    'sh',
    ['-c', 'ulimit -n 64; exec "$0" --input-type=module-typescript -e "$1"', process.execPath, script],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  );
  expect(output.trim()).toBe('PARSER_UNAVAILABLE unavailable');
});
