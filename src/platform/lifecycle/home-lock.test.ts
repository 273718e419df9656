import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockHome } from './home-lock.ts';

describe('the lock on a home', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(path.join(os.tmpdir(), 'nexus-lock-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  /** Another process that holds the lock until it is killed. */
  async function holdElsewhere(): Promise<{ pid: number; kill(): Promise<void> }> {
    const file = path.join(home, 'holder.ts');
    const lockFile = JSON.stringify(path.resolve(import.meta.dirname, 'home-lock.ts'));
    writeFileSync(
      file,
      `import { lockHome } from ${lockFile};
       await lockHome(${JSON.stringify(home)}, { command: 'nexus start' });
       process.on('message', () => undefined);
       globalThis.gc?.();
       process.send('held');`,
    );
    const child = fork(file, { execArgv: ['--expose-gc'], stdio: 'ignore' });
    await once(child, 'message');
    return {
      pid: child.pid ?? 0,
      async kill() {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  it('refuses a second process within a second, naming the holder, since when, and what to do', async () => {
    const holder = await holdElsewhere();
    const startedMs = performance.now();
    const error = await lockHome(home).catch((thrown: unknown) => thrown);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(error).toMatchObject({ code: 'HOME_LOCKED', kind: 'conflict', details: { home, pid: holder.pid } });
    expect((error as Error).message).toMatch(
      new RegExp(`process ${holder.pid} \\(nexus start\\), since \\d{4}-.*Z.*nexus stop`),
    );
    await holder.kill();
  });

  it('falls when its process is killed', async () => {
    const holder = await holdElsewhere();
    await holder.kill();
    const lock = await lockHome(home, { command: 'a test' });
    expect(lock.holder).toMatchObject({ pid: process.pid, command: 'a test' });
    lock.release();
  });

  it('also refuses the same process, and is free after release', async () => {
    const lock = await lockHome(home);
    await expect(lockHome(home)).rejects.toMatchObject({ code: 'HOME_LOCKED' });
    lock.release();
    lock.release();
    (await lockHome(home)).release();
  });

  it('goes to exactly one of many that ask at once', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockHome(home)));
    const locks = results.filter((result) => result.status === 'fulfilled');
    expect(locks).toHaveLength(1);
    locks[0]?.value.release();
  });

  it.runIf(process.platform === 'linux')(
    'is taken on a full disk too, where the holder cannot write its name',
    async () => {
      mkdirSync(path.join(home, 'run'));
      symlinkSync('/dev/full', path.join(home, 'run', 'home.lock'));
      const lock = await lockHome(home, { command: 'nexus search' });
      expect(lock.holder.command).toBe('nexus search');
      lock.release();
    },
  );
});
