/** A stop that comes while worker processes are still starting, and one while somebody follows a task. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandLine, createCommandLine, sleep } from './command-line.ts';

const linux = existsSync('/proc/self/environ');
let nexus: CommandLine;
beforeAll(() => {
  nexus = createCommandLine();
});
afterAll(() => nexus.remove());

/** Every process that was started for this home. */
function processesOf(home: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const told = readFileSync(`/proc/${pid}/environ`, 'utf8') + readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return told.includes(home) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  });
}

describe.runIf(linux)('an idle server with two worker processes', () => {
  test.each([0, 150, 600, 1500])(
    'that is stopped %d ms after it was ready ends within 2 s and leaves no process',
    async (waitMs) => {
      const server = await nexus.start({ NEXUS_WORKER__PROCESSES: '2' });
      await sleep(waitMs);
      const { code, seconds } = await server.end('SIGTERM');
      process.stdout.write(`stop after ${waitMs} ms: ${seconds.toFixed(2)} s\n`);
      expect(code).toBe(0);
      expect(seconds).toBeLessThan(2);
      expect(processesOf(nexus.home)).toEqual([]);
    },
    60_000,
  );
});

test('a server whose task somebody follows stops as soon as an idle one, and says to them that it stops', async () => {
  const server = await nexus.start();
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
  const made = await fetch(`${server.url}/api/v1/tasks`, { method: 'POST', headers, body: '{}' });
  const { id } = (await made.json()) as { id: string };
  const stream = await fetch(`${server.url}/api/v1/tasks/${id}/events`, { headers });
  const following = stream.text();
  const waiting = nexus.run(['tasks', 'follow', id]);
  await sleep(1500);
  const { code, seconds } = await server.end('SIGTERM');
  expect(code).toBe(0);
  expect(seconds).toBeLessThan(2);
  expect(await following).toMatch(/event: progress.*event: error\ndata: [^\n]*SERVER_STOPPING/s);
  const followed = await waiting;
  expect(followed.code).toBe(7);
  expect(followed.errors).toContain(`./nexus tasks follow ${id}`);
}, 90_000);
