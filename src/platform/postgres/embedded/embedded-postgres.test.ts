import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openTemporaryHome } from '../../../../test/support/postgres.ts';
import { Secret } from '../../secret.ts';
import { databaseConfig } from '../config.ts';
import { socketUrl } from '../logins.ts';
import { locateBinaries } from './binaries.ts';
import { openSocketDirectory } from './directories.ts';
import {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  type EmbeddedState,
  startEmbeddedPostgres,
} from './embedded-postgres.ts';
import { stopLeftovers } from './leftovers.ts';

const adminPassword = new Secret('only for this test');
const { embedded: config } = databaseConfig.parse({});
const isRoot = process.getuid?.() === 0;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Making a cluster is the slow part, so most tests begin with a copy of this one. */
let cluster: string;
beforeAll(async () => {
  const { home, remove } = openTemporaryHome();
  const server = await startEmbeddedPostgres({ home, config, adminPassword });
  await server.stop();
  cluster = path.join(home, 'postgres');
  return remove;
}, 30_000);

function newHome(): string {
  const home = newEmptyHome();
  execFileSync('cp', ['-a', cluster, home]);
  return home;
}

function newEmptyHome(): string {
  const { home, remove } = openTemporaryHome();
  closing.push(remove);
  return home;
}

async function start(home: string, more: Partial<EmbeddedOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ home, config, adminPassword, ...more });
  closing.push(server.stop);
  return server;
}

async function ask(server: EmbeddedPostgres, text: string): Promise<Record<string, unknown>[]> {
  const url = socketUrl(server.socketDirectory, 'postgres', 'postgres', adminPassword);
  const client = new pg.Client({ connectionString: url.reveal() });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}/exe`) && readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';

/** Another process that starts a server on `home`, and can be killed like a crash. */
async function startElsewhere(home: string): Promise<{ pid: number; kill(): Promise<void> }> {
  const file = path.join(home, 'elsewhere.ts');
  const from = (name: string) => JSON.stringify(path.resolve(import.meta.dirname, name));
  writeFileSync(
    file,
    `import { startEmbeddedPostgres } from ${from('embedded-postgres.ts')};
     import { databaseConfig } from ${from('../config.ts')};
     import { Secret } from ${from('../../secret.ts')};
     const server = await startEmbeddedPostgres({ home: ${JSON.stringify(home)}, config: databaseConfig.parse({}).embedded,
       adminPassword: new Secret(${JSON.stringify(adminPassword.reveal())}) });
     process.send({ pid: server.pid() });`,
  );
  const child = fork(file, { execArgv: [], stdio: 'ignore' });
  const [{ pid }] = (await once(child, 'message')) as [{ pid: number }];
  return {
    pid,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('the embedded server', () => {
  it('starts, keeps durable, and listens on a private socket only', async () => {
    const home = newEmptyHome();
    const server = await start(home);
    const [facts] = await ask(
      server,
      `select current_setting('server_version_num')::int / 10000 as major, current_setting('data_checksums') as checksums,
         current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
         current_setting('full_page_writes') as pages, current_setting('listen_addresses') as addresses,
         (select datcollate from pg_database where datname = 'postgres') as collation, current_setting('server_encoding') as encoding`,
    );
    expect(facts).toEqual({
      major: 18,
      checksums: 'on',
      fsync: 'on',
      commit: 'on',
      pages: 'on',
      addresses: '',
      collation: 'C',
      encoding: 'UTF8',
    });
    expect(statSync(server.socketDirectory).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(home, 'postgres', 'data')).mode & 0o777).toBe(0o700);
  });

  it('gives the server none of our environment', async () => {
    process.env.NEXUS_TEST_SECRET_OF_PARENT = 'must not be inherited';
    closing.push(() => {
      delete process.env.NEXUS_TEST_SECRET_OF_PARENT;
    });
    const server = await start(newHome());
    expect(readFileSync(`/proc/${server.pid()}/environ`, 'utf8')).not.toContain('NEXUS_TEST_SECRET_OF_PARENT');
  });

  it('refuses a wrong password, also on the socket', async () => {
    const server = await start(newHome());
    const url = socketUrl(server.socketDirectory, 'postgres', 'postgres', new Secret('wrong'));
    const client = new pg.Client({ connectionString: url.reveal() });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });

  it('stops at once when asked, twice without harm, and starts again with what was written', async () => {
    const home = newHome();
    const first = await start(home);
    await ask(first, 'create table kept as select 1 as one');
    await first.stop();
    await first.stop();
    expect(isAlive(first.pid())).toBe(false);
    expect(await ask(await start(home), 'select one from kept')).toEqual([{ one: 1 }]);
  });

  it('is restarted when it dies, with what was acknowledged', async () => {
    const states: EmbeddedState[] = [];
    const server = await start(newHome(), { onState: (state) => states.push(state) });
    await ask(server, 'create table kept as select 1 as one');
    const killed = server.pid();
    process.kill(killed, 'SIGKILL');
    await expect.poll(() => states, { timeout: 15_000 }).toEqual(['up', 'down', 'up']);
    expect(server.pid()).not.toBe(killed);
    expect(await ask(server, 'select one from kept')).toEqual([{ one: 1 }]);
  });

  it('gives up after so many failed restarts as are allowed', async () => {
    const home = newHome();
    const states: EmbeddedState[] = [];
    const server = await start(home, {
      config: { ...config, maxRestarts: 2 },
      onState: (state) => states.push(state),
    });
    writeFileSync(path.join(home, 'postgres', 'data', 'postgresql.conf'), 'no_such_setting = 1\n');
    process.kill(server.pid(), 'SIGKILL');
    await expect.poll(() => states.at(-1), { timeout: 15_000 }).toBe('failed');
  });

  it('dies with its parent, and leaves nothing running', async () => {
    const home = newHome();
    const elsewhere = await startElsewhere(home);
    expect(isAlive(elsewhere.pid)).toBe(true);
    await elsewhere.kill();
    await expect.poll(() => isAlive(elsewhere.pid), { timeout: 5_000 }).toBe(false);
  });

  it('never adopts a server that is left over: it stops it and starts its own', async () => {
    const home = newHome();
    const elsewhere = await startElsewhere(home);
    // Stopped, it cannot hear that its parent died: as stubborn as a leftover can be.
    process.kill(elsewhere.pid, 'SIGSTOP');
    await elsewhere.kill();
    const server = await start(home);
    expect(isAlive(elsewhere.pid)).toBe(false);
    expect(server.pid()).not.toBe(elsewhere.pid);
    expect(await ask(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('starts although the pid in a stale postmaster.pid belongs to somebody else now', async () => {
    const home = newHome();
    const server = await start(home);
    await server.stop();
    const lines = [process.pid, path.join(home, 'postgres', 'data'), 1, 5432, server.socketDirectory, '', '', 'ready'];
    writeFileSync(path.join(home, 'postgres', 'data', 'postmaster.pid'), `${lines.join('\n')}\n`);
    writeFileSync(path.join(server.socketDirectory, '.s.PGSQL.5432.lock'), `${lines.join('\n')}\n`);
    expect(await ask(await start(home), 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(isAlive(process.pid)).toBe(true);
  });

  it('removes a cluster that was half made', async () => {
    const home = newEmptyHome();
    mkdirSync(path.join(home, 'postgres', 'data.tmp', 'base'), { recursive: true });
    writeFileSync(path.join(home, 'postgres', 'data.tmp', 'PG_VERSION'), '18\n');
    await start(home);
    expect(readdirSync(path.join(home, 'postgres'))).toEqual(['data']);
  });

  it('moves its socket to a short path when that of the home is too long, and remembers it', async () => {
    const home = path.join(newEmptyHome(), 'a-long-name'.repeat(9));
    mkdirSync(home);
    const server = await start(home);
    expect(Buffer.byteLength(path.join(server.socketDirectory, '.s.PGSQL.5432'))).toBeLessThanOrEqual(107);
    expect(await ask(server, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await openSocketDirectory(home)).toBe(server.socketDirectory);
    closing.push(() => rmSync(server.socketDirectory, { recursive: true, force: true }));
  });

  it('says which version made a directory that it cannot open', async () => {
    const home = newEmptyHome();
    mkdirSync(path.join(home, 'postgres', 'data'), { recursive: true });
    writeFileSync(path.join(home, 'postgres', 'data', 'PG_VERSION'), '16\n');
    await expect(start(home)).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_VERSION',
      details: { found: '16', expected: '18' },
    });
  });

  it('shows the last log lines when it does not start', async () => {
    const failing = start(newHome(), { overrides: { settings: { shared_buffers: 'plenty' } } });
    await expect(failing).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_FAILED',
      message: expect.stringContaining('shared_buffers'),
    });
  });

  it('names the way out on a platform without binaries', async () => {
    await expect(locateBinaries('/nowhere', 'linux-riscv64')).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_UNSUPPORTED',
      message: expect.stringContaining('DATABASE_URL'),
    });
  });

  it('finds nothing to stop where nothing runs', async () => {
    expect(await stopLeftovers(newEmptyHome())).toBe(0);
  });
});

describe.skipIf(!isRoot)('the embedded server, started by root', () => {
  it('runs under a uid of its own where user namespaces are forbidden, and keeps it', async () => {
    const home = newEmptyHome();
    const overrides = { allowNamespace: false };
    const first = await start(home, { overrides });
    const { uid } = statSync(path.join(home, 'postgres', 'data'));
    expect(uid).toBeGreaterThanOrEqual(61_184);
    expect(uid).toBeLessThanOrEqual(65_519);
    expect(readFileSync(`/proc/${first.pid()}/status`, 'utf8')).toContain(`Uid:\t${uid}\t${uid}`);
    await first.stop();
    const second = await start(home);
    expect(readFileSync(`/proc/${second.pid()}/status`, 'utf8')).toContain(`Uid:\t${uid}\t${uid}`);
    expect(await ask(second, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('says which directory a uid of its own cannot pass through', async () => {
    const outer = newEmptyHome();
    const home = path.join(outer, 'home');
    mkdirSync(home);
    await expect(start(home, { overrides: { allowNamespace: false } })).rejects.toMatchObject({
      code: 'EMBEDDED_POSTGRES_UNSUPPORTED',
      details: { directory: outer },
    });
  });

  /** A small disk of its own, mounted where the home is. */
  function newDisk(megabytes: number): string {
    const home = newEmptyHome();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', home]);
    closing.push(() => void execFileSync('umount', ['-l', home]));
    return home;
  }

  it('says that the disk is full when it is too full to begin', async () => {
    await expect(start(newDisk(8))).rejects.toMatchObject({ code: 'DISK_FULL', kind: 'storage-full' });
  });

  it('goes on after the disk was full, with everything that was acknowledged', { timeout: 60_000 }, async () => {
    const home = newDisk(120);
    writeFileSync(path.join(home, 'ballast'), Buffer.alloc(20 * 1024 * 1024));
    const server = await start(home);
    await ask(server, 'create table kept (number int primary key, filling text)');
    let acknowledged = 0;
    const failure = await fill(server, (number) => {
      acknowledged = number;
    });
    expect(failure).toBeDefined();
    rmSync(path.join(home, 'ballast'));
    const count = () => ask(server, 'select count(*)::int as count from kept').catch(() => []);
    await expect
      .poll(async () => (await count())[0]?.count ?? 0, { timeout: 20_000 })
      .toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThan(0);
    await ask(server, "insert into kept values (-1, 'after')");
  });

  async function fill(server: EmbeddedPostgres, onAcknowledged: (number: number) => void): Promise<unknown> {
    for (let number = 1; number < 2_000; number += 1) {
      try {
        await ask(
          server,
          `insert into kept select ${number}, string_agg(md5(random()::text), '') from generate_series(1, 8000)`,
        );
      } catch (error) {
        return error;
      }
      onAcknowledged(number);
    }
    return undefined;
  }
});
