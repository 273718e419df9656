/** What a file gets hold of that has taken over its reader, for each way to start one. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Child, startChild } from './child.ts';
import { sandboxConfig } from './config.ts';
import { stoppingError } from './errors.ts';
import { type Launch, planLaunches } from './launch-command.ts';
import { descendantsOf, isRunning } from './testing/descendants.ts';

const config = sandboxConfig.parse({});
const launches = planLaunches({
  nodePath: process.execPath,
  entryPath: fileURLToPath(new URL('./testing/hostile-child.ts', import.meta.url)),
  readable: [new URL('../../', import.meta.url).pathname, new URL('../../../package.json', import.meta.url).pathname],
  maxMemoryMegabytes: 512,
  cpuSeconds: 60,
});
const [bubblewrap, noProcesses] = launches as [Launch, Launch];

/** As if the file had broken Node's own permissions too: what is left is what the kernel keeps. */
const withoutPermissions = (launch: Launch): Launch => ({
  ...launch,
  args: launch.args.filter((argument) => argument !== '--permission' && !argument.startsWith('--allow-fs-read')),
});

const canStart = (launch: Launch): boolean =>
  spawnSync(
    launch.command,
    [...launch.args.slice(0, launch.args.lastIndexOf(process.execPath)), process.execPath, '-e', '0'],
    {
      env: {},
    },
  ).status === 0;

let listener: Server;
let connections = 0;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-escapes-'));
  listener = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await new Promise((resolve) => listener.close(resolve));
  rmSync(folder, { recursive: true });
});

async function inChild<T>(launch: Launch, use: (ask: (order: object) => Promise<unknown>) => Promise<T>): Promise<T> {
  const child: Child = await startChild(launch, config);
  try {
    return await use(async (order) => {
      const [answer] = await child.exchange([{ header: order, parts: [] }]);
      if (answer === undefined || 'error' in answer) throw answer?.error;
      return answer.frame.header;
    });
  } finally {
    child.kill(stoppingError());
    await child.exited;
  }
}

const target = (): string => path.join(folder, 'written');
const port = (): number => (listener.address() as AddressInfo).port;

/** What must come to nothing, whatever the child was told. */
async function expectNothingCameOfIt(victim: { pid?: number | undefined }): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(connections).toBe(0);
  expect(existsSync(target())).toBe(false);
  expect(isRunning(victim.pid ?? 0)).toBe(true);
}

async function tryAll(launch: Launch): Promise<Record<string, unknown>> {
  const victim = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' });
  try {
    const outcomes = await inChild(launch, async (ask) => ({
      connect: await ask({ do: 'connect', port: port() }),
      passwd: await ask({ do: 'readSecrets' }),
      home: await ask({ do: 'readHome', path: os.homedir() }),
      write: await ask({ do: 'writeFile', path: target() }),
      kill: await ask({ do: 'killProcess', target: victim.pid }),
      memory: await ask({ do: 'readMemory', target: victim.pid }),
    }));
    await expectNothingCameOfIt(victim);
    return outcomes;
  } finally {
    victim.kill('SIGKILL');
  }
}

describe.skipIf(!canStart(bubblewrap))('strength 3, by bubblewrap', () => {
  test('keeps everything from a reader, even one that has broken Node’s permissions', async () => {
    const refused = expect.objectContaining({ refused: expect.any(String) });
    const outcomes = await tryAll(withoutPermissions(bubblewrap));
    expect(outcomes).toEqual({
      connect: refused,
      passwd: { refused: 'ENOENT' },
      home: { refused: 'ENOENT' },
      write: { refused: 'ENOENT' },
      kill: { refused: 'ESRCH' },
      memory: { refused: 'ENOENT' },
    });
  });

  test('ends whatever the reader has started', async () => {
    const before = new Set(descendantsOf(process.pid));
    const started = await inChild(withoutPermissions(bubblewrap), async (ask) => {
      expect(await ask({ do: 'forkBomb' })).toBe('forked');
      await new Promise((resolve) => setTimeout(resolve, 300));
      return descendantsOf(process.pid).filter((pid) => !before.has(pid));
    });
    expect(started.length).toBeGreaterThan(10);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(started.filter(isRunning)).toEqual([]);
  });
});

describe.skipIf(!canStart(noProcesses))('strength 1, by namespaces without a file system of its own', () => {
  test('keeps network and processes from a reader by the kernel, files by Node’s permissions', async () => {
    const denied = { refused: 'ERR_ACCESS_DENIED' };
    expect(await tryAll(noProcesses)).toEqual({
      connect: { refused: 'ENETUNREACH' },
      passwd: denied,
      home: denied,
      write: denied,
      kill: { refused: 'ESRCH' },
      memory: denied,
    });
  });
});

describe('strength 1, by limits alone', () => {
  const limits = launches.filter(({ strength }) => strength === 1).at(-1) as Launch;

  test('keeps files and new processes from a reader by Node’s permissions', async () => {
    const outcomes = await inChild(limits, async (ask) => [
      await ask({ do: 'readSecrets' }),
      await ask({ do: 'readHome', path: os.homedir() }),
      await ask({ do: 'writeFile', path: target() }),
      await ask({ do: 'forkBomb' }),
      await ask({ do: 'readMemory', target: process.pid }),
    ]);
    expect(outcomes).toEqual(outcomes.map(() => ({ refused: 'ERR_ACCESS_DENIED' })));
  });
});
