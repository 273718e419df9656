import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReader } from '../../../../../test/support/connector-contract.ts';
import type { Connector } from '../../service.ts';
import { filesConfig } from '../../sources/config.ts';
import { namedPath, openInside } from './files/open-inside.ts';
import { toIdSegment, toPath } from './files/path-id.ts';
import { createFilesConnector } from './files-connector.ts';

const signal = new AbortController().signal;
const isRoot = process.getuid?.() === 0;
let place: string;
let folder: string;
let connector: Connector;
let settings: Record<string, unknown>;

const at = (...names: string[]) => path.join(folder, ...names);
const write = (name: string, text = `text of ${name}`) => {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
};
const create = (options: { roots?: string[]; protectedFolders?: string[]; maxFiles?: number } = {}) =>
  createFilesConnector({
    files: filesConfig.parse({ roots: options.roots ?? [place], maxFiles: options.maxFiles ?? 100_000 }),
    maxFileBytes: 1_000_000,
    extensions: ['md', 'txt'],
    protectedFolders: options.protectedFolders ?? [],
  });
const told = (changes: Awaited<ReturnType<ReturnType<typeof createReader>['look']>>) =>
  changes.map((change) =>
    change.kind === 'upsert'
      ? `+${change.document.externalId}`
      : `-${change.kind === 'delete' ? change.externalId : ''}`,
  );
/** What is forbidden to others is not to the superuser, as whom tests run in a container. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  if (!isRoot) return work();
  chmodSync(place, 0o755);
  process.seteuid?.(65534);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing was thrown',
    (error) => error.code,
  );

beforeEach(async () => {
  place = realpathSync(mkdtempSync(path.join(tmpdir(), 'nexus-folder-')));
  folder = path.join(place, 'documents');
  mkdirSync(folder);
  connector = create();
  settings = await connector.validate({ folder });
});
afterEach(() => {
  execFileSync('chmod', ['-R', 'u+rwx', place]);
  rmSync(place, { recursive: true, force: true });
});

describe('what changed in a folder', () => {
  it('is what was created, edited, deleted, renamed and moved, and nothing else', async () => {
    const reader = createReader(connector, settings);
    for (const name of ['a.md', 'b/c.md', 'b.md', 'b/d/e.txt', 'b!.md']) write(name);
    expect(told(await reader.look())).toEqual(['+a.md', '+b!.md', '+b.md', '+b/c.md', '+b/d/e.txt']);
    expect(await reader.look()).toEqual([]);
    write('a.md', 'other');
    renameSync(at('b.md'), at('z.md'));
    renameSync(at('b/d'), at('d'));
    unlinkSync(at('b/c.md'));
    expect(told(await reader.look()).sort()).toEqual(['+a.md', '+d/e.txt', '+z.md', '-b.md', '-b/c.md', '-b/d/e.txt']);
    rmSync(at('d'), { recursive: true });
    expect(told(await reader.look())).toEqual(['-d/e.txt']);
    expect([...reader.documents.keys()].sort()).toEqual(['a.md', 'b!.md', 'z.md']);
  });

  it('includes an edit that keeps size and time', async () => {
    const reader = createReader(connector, settings);
    write('a.md', 'one');
    utimesSync(at('a.md'), 1000, 1000);
    await reader.look();
    write('a.md', 'two');
    utimesSync(at('a.md'), 1000, 1000);
    expect(told(await reader.look())).toEqual(['+a.md']);
  });

  it('leaves out hidden files, folders of machines and what no format reads', async () => {
    for (const name of ['.secret.md', '.git/a.md', 'node_modules/a.md', 'a.exe', 'md', 'x/.hidden/a.md', 'good.md'])
      write(name);
    expect(told(await createReader(connector, settings).look())).toEqual(['+good.md']);
    const open = await connector.validate({ folder, include_hidden: true });
    expect(told(await createReader(connector, open).look())).toEqual(['+.secret.md', '+good.md', '+x/.hidden/a.md']);
  });

  it('keeps what lies in a folder that cannot be read, and says so', async () => {
    const reader = createReader(connector, settings);
    write('closed/a.md');
    write('b.md');
    await reader.look();
    chmodSync(at('closed'), 0);
    unlinkSync(at('b.md'));
    const problems: unknown[] = [];
    const known = { list: async () => [{ externalId: 'closed/a.md', fingerprint: 'x' }] };
    await asNobody(async () => {
      for await (const change of connector.changes(settings, undefined, signal, known)) {
        if (change.kind === 'checkpoint') problems.push(change.problem?.code);
        expect(change).not.toMatchObject({ kind: 'delete' });
      }
      expect(problems).toEqual(['SOURCE_FOLDER_UNREADABLE']);
      expect(told(await reader.look())).toEqual(['-b.md']);
    });
  });

  it('is never taken for a deletion of everything when the folder is gone or another, empty one', async () => {
    const reader = createReader(connector, settings);
    write('a.md');
    await reader.look();
    renameSync(folder, path.join(place, 'unmounted'));
    expect(await codeOf(reader.look())).toBe('SOURCE_UNREACHABLE');
    mkdirSync(folder);
    expect(await codeOf(reader.look())).toBe('SOURCE_LOOKS_EMPTY');
    rmSync(folder, { recursive: true });
    renameSync(path.join(place, 'unmounted'), folder);
    expect(await reader.look()).toEqual([]);
    unlinkSync(at('a.md'));
    expect(told(await reader.look())).toEqual(['-a.md']);
  });

  it('is no deletion when the folder goes away in the middle of a look', async () => {
    for (const name of ['a.md', 'below/b.md', 'below/c.md']) write(name);
    const documents = ['a.md', 'below/b.md', 'below/c.md', 'gone.md'].map((externalId) => ({
      externalId,
      fingerprint: 'another',
    }));
    const known = { list: async (after: string | undefined) => (after === undefined ? documents : []) };
    const seen: unknown[] = [];
    const look = async () => {
      for await (const change of connector.changes(settings, undefined, signal, known)) {
        if (seen.push(change.kind) === 1) renameSync(folder, path.join(place, 'unplugged'));
      }
    };
    expect(await codeOf(look())).toBe('SOURCE_UNREACHABLE');
    expect(seen).toEqual(['upsert']);
  });

  it('is found although folders come and go meanwhile', async () => {
    write('stays.md');
    const stop = new AbortController();
    const churn = async (name: string) => {
      while (!stop.signal.aborted) {
        await mkdir(at(name, 'deep'), { recursive: true });
        await writeFile(at(name, 'deep/a.md'), 'text');
        await rm(at(name), { recursive: true });
      }
    };
    const churning = ['p', 'q', 'r'].map(churn);
    try {
      for (let turn = 0; turn < 300; turn += 1) {
        const names = told(await createReader(connector, settings).look());
        expect(names).toContain('+stays.md');
      }
    } finally {
      stop.abort();
      await Promise.all(churning);
    }
  });

  it('is not what lies in a folder that lists its names and nothing else', async () => {
    write('listed/a.md');
    write('b.md');
    const known = {
      list: async (after: string | undefined) =>
        after === undefined ? [{ externalId: 'listed/a.md', fingerprint: 'x' }] : [],
    };
    chmodSync(at('listed'), 0o444);
    await asNobody(async () => {
      const changes = [];
      for await (const change of connector.changes(settings, undefined, signal, known)) changes.push(change);
      expect(changes).toMatchObject([
        { kind: 'upsert', document: { externalId: 'b.md' } },
        { kind: 'checkpoint', known: 1, problem: { code: 'SOURCE_FOLDER_UNREADABLE' } },
      ]);
    });
    chmodSync(at('listed'), 0o755);
  });

  it('is unknown when the folder itself may not be read, and the reason says so', async () => {
    write('a.md');
    chmodSync(folder, 0);
    await asNobody(async () => {
      const looked = createReader(connector, settings).look();
      await expect(looked).rejects.toMatchObject({
        code: 'SOURCE_FOLDER_UNREADABLE',
        message: expect.stringContaining('nothing was removed'),
      });
    });
  });

  it('ends with a reason when there are more files than allowed', async () => {
    connector = create({ maxFiles: 2 });
    for (const name of ['a.md', 'b.md', 'c.md']) write(name);
    expect(await codeOf(createReader(connector, settings).look())).toBe('SOURCE_TOO_LARGE');
  });

  it('is told exactly once in effect, however often a look is broken off', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c/d', 'c!', 'c/e', 'é', '😀', '\uffee'), fc.boolean()), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.array(fc.nat(8), { maxLength: 4 }),
        async (edits, stops) => {
          rmSync(folder, { recursive: true });
          mkdirSync(folder);
          const reader = createReader(connector, settings);
          const there = new Set<string>();
          for (const [index, [name, isWritten]] of edits.entries()) {
            const id = `${name}.md`;
            if (isWritten) write(id, `${index}`);
            else rmSync(at(id), { force: true });
            there[isWritten ? 'add' : 'delete'](id);
            const stopAfter = stops[index % Math.max(1, stops.length)];
            if (stopAfter !== undefined) await reader.look({ stopAfter });
          }
          await reader.look();
          expect([...reader.documents.keys()].sort()).toEqual([...there].sort());
          expect(await reader.look()).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is found among 10,000 files within a second or so', async () => {
    for (let index = 0; index < 10_000; index += 1) {
      if (index % 100 === 0) mkdirSync(at(`f${index / 100}`));
      writeFileSync(at(`f${Math.floor(index / 100)}`, `${index}.md`), String(index));
    }
    const reader = createReader(connector, settings);
    expect(await reader.look()).toHaveLength(10_000);
    write('f7/701.md', 'edited');
    unlinkSync(at('f99/9999.md'));
    const startedMs = performance.now();
    expect(told(await reader.look())).toEqual(['+f7/701.md', '-f99/9999.md']);
    const tookMs = performance.now() - startedMs;
    process.stdout.write(`files: 10,000 looked at again in ${Math.round(tookMs)} ms\n`);
    expect(tookMs).toBeLessThan(15_000);
  });
});

describe('names', () => {
  it('of any bytes come back from their external id, and sort as their bytes do', () => {
    const anyName = fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes))
      .filter((name) => !name.includes(0) && !name.includes(0x2f) && !['.', '..'].includes(name.toString('latin1')));
    fc.assert(
      fc.property(anyName, anyName, (left, right) => {
        expect(toPath(toIdSegment(left))).toEqual(left);
        expect(toIdSegment(left) === toIdSegment(right)).toBe(left.equals(right));
        expect(Buffer.from(toIdSegment(left)).toString()).toBe(toIdSegment(left));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['', '..', '../a.md', 'a//b', '/etc/passwd', 'a/./b', 'a/..%2F..', '%00'])('%j leads nowhere', async (id) => {
    expect(toPath(id)).toBeUndefined();
    expect(await codeOf(connector.fetch(settings, id, signal))).toBe('SOURCE_DOCUMENT_GONE');
  });

  it('with Unicode, line ends and broken bytes are found, read and shown', async () => {
    const broken = Buffer.concat([Buffer.from(`${folder}/br`), Buffer.from([0xff, 0xfe]), Buffer.from('.md')]);
    writeFileSync(broken, 'broken bytes');
    for (const name of ['Grüße 😀.md', 'two\nlines.md', '100%.md', 'e\u0301.md', '\u00e9.md']) write(name);
    const reader = createReader(connector, settings);
    const changes = await reader.look();
    expect(told(changes)).toEqual(
      ['100%25.md', 'Grüße 😀.md', 'br%FF%FE.md', 'e\u0301.md', 'two%0Alines.md', '\u00e9.md'].map((id) => `+${id}`),
    );
    for (const id of reader.documents.keys()) {
      expect(Buffer.from(await connector.fetch(settings, id, signal)).toString()).toMatch(/text of|broken bytes/);
    }
    expect(changes).toContainEqual(
      expect.objectContaining({ document: expect.objectContaining({ filename: 'two lines.md' }) }),
    );
  });
});

describe('what must not be read', () => {
  it('is a link, to a file or a folder, inside or outside', async () => {
    write('good.md');
    writeFileSync(path.join(place, 'secret.md'), 'secret');
    symlinkSync(path.join(place, 'secret.md'), at('link.md'));
    symlinkSync(place, at('up'));
    symlinkSync(at('good.md'), at('inside.md'));
    expect(told(await createReader(connector, settings).look())).toEqual(['+good.md']);
    for (const id of ['link.md', 'up/secret.md', 'inside.md']) {
      expect(await codeOf(connector.fetch(settings, id, signal)), id).toBe('SOURCE_DOCUMENT_REFUSED');
    }
  });

  it('is what a link is swapped in for while files are fetched', async () => {
    mkdirSync(path.join(place, 'outside'));
    writeFileSync(path.join(place, 'outside/a.md'), 'secret');
    write('inside/a.md', 'public');
    symlinkSync(path.join(place, 'outside'), path.join(place, 'trap'));
    const swapper = `
      const { renameSync } = require('node:fs');
      const [inside, trap, aside] = process.argv.slice(1);
      for (const endsMs = Date.now() + 3000; Date.now() < endsMs; ) {
        renameSync(inside, aside); renameSync(trap, inside); renameSync(inside, trap); renameSync(aside, inside);
      }`;
    const { spawn } = await import('node:child_process');
    const child = spawn(process.execPath, [
      '-e',
      swapper,
      at('inside'),
      path.join(place, 'trap'),
      path.join(place, 'aside'),
    ]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const seen = new Map<string, number>();
    const reader = createReader(connector, settings);
    while (child.exitCode === null) {
      const outcome = await connector.fetch(settings, 'inside/a.md', signal).then(
        (bytes) => Buffer.from(bytes).toString(),
        (error) => error.code,
      );
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      for (const change of await reader.look()) {
        if (change.kind === 'upsert') expect(change.document.externalId).toBe('inside/a.md');
      }
    }
    await ended;
    process.stdout.write(`link swapped under the reader: ${JSON.stringify(Object.fromEntries(seen))}\n`);
    expect(seen.get('secret')).toBeUndefined();
    expect(seen.size).toBeGreaterThan(1);
  });

  it('is the same where the kernel does not name open files', async () => {
    write('good.md');
    symlinkSync(place, at('up'));
    writeFileSync(path.join(place, 'secret.md'), 'secret');
    const openBy = (name: string) =>
      openInside({ root: Buffer.from(folder), path: Buffer.from(name), kind: 'file', pathOf: namedPath });
    await (await openBy('good.md')).close();
    expect(await codeOf(openBy('up/secret.md'))).toBe('SOURCE_DOCUMENT_REFUSED');
  });

  it('is a pipe or a device: nothing waits for it', async () => {
    execFileSync('mkfifo', [at('pipe.md')]);
    symlinkSync('/dev/zero', at('zero.md'));
    expect(await createReader(connector, settings).look()).toEqual([]);
    expect(await codeOf(connector.fetch(settings, 'pipe.md', signal))).toBe('SOURCE_DOCUMENT_UNREADABLE');
    expect(await codeOf(connector.fetch(settings, 'zero.md', signal))).toBe('SOURCE_DOCUMENT_REFUSED');
  });

  it('is a file without permission, for the true reason', async () => {
    write('closed.md');
    chmodSync(at('closed.md'), 0);
    await asNobody(async () => {
      expect(told(await createReader(connector, settings).look())).toEqual(['+closed.md']);
      await expect(connector.fetch(settings, 'closed.md', signal)).rejects.toMatchObject({
        code: 'SOURCE_DOCUMENT_UNREADABLE',
        message: expect.stringContaining('permission denied'),
      });
    });
  });

  it('is a file that is too large, before a byte is read', async () => {
    write('large.md');
    truncateSync(at('large.md'), 2 ** 40);
    const startedMs = performance.now();
    expect(await codeOf(connector.fetch(settings, 'large.md', signal))).toBe('DOCUMENT_TOO_LARGE');
    expect(performance.now() - startedMs).toBeLessThan(1000);
  });

  it('is half a file: one that is written to is read whole or not at all', async () => {
    write('growing.md', 'x'.repeat(1000));
    const writing = setInterval(() => appendFileSync(at('growing.md'), 'y'.repeat(1000)), 5);
    expect(await codeOf(connector.fetch(settings, 'growing.md', signal))).toMatch(/CHANGING|nothing was thrown/);
    clearInterval(writing);
    const handle = await open(at('growing.md'));
    const { size } = await handle.stat();
    await handle.close();
    expect((await connector.fetch(settings, 'growing.md', signal)).byteLength).toBe(size);
  });
});

describe('the folder of a source', () => {
  it('lies below a root, however it is written, unless the operator names it', async () => {
    const roots = [path.join(place, 'allowed')];
    mkdirSync(roots[0] ?? '');
    const strict = create({ roots });
    symlinkSync(folder, path.join(place, 'allowed/link'));
    for (const asked of [
      folder,
      path.join(place, 'allowed/link'),
      `${place}/allowed/../documents`,
      `${place}/allowedx`,
    ]) {
      mkdirSync(`${place}/allowedx`, { recursive: true });
      expect(await codeOf(strict.validate({ folder: asked })), asked).toBe('SOURCE_FOLDER_REFUSED');
    }
    await strict.validate({ folder: path.join(place, 'allowed') });
    expect(await codeOf(strict.validate({ folder, is_allowed_by_operator: true }))).toBe('SOURCE_SETTINGS_INVALID');
    const allowed = await strict.validate({ folder }, { isOperator: true });
    write('a.md');
    expect(told(await createReader(strict, allowed).look())).toEqual(['+a.md']);
    expect(await codeOf(create({ roots: [] }).validate({ folder }))).toBe('SOURCE_FOLDER_REFUSED');
  });

  it('is never one of Nexus itself, and one that holds such a folder leaves it out', async () => {
    const home = path.join(place, 'documents/home');
    mkdirSync(path.join(home, 'keys'), { recursive: true });
    writeFileSync(path.join(home, 'keys/key.md'), 'key');
    write('a.md');
    const guarded = create({ protectedFolders: [home] });
    for (const asked of [home, path.join(home, 'keys')]) {
      expect(await codeOf(guarded.validate({ folder: asked }, { isOperator: true }))).toBe('SOURCE_FOLDER_REFUSED');
    }
    expect(told(await createReader(guarded, settings).look())).toEqual(['+a.md']);
    expect(await codeOf(guarded.fetch(settings, 'home/keys/key.md', signal))).toBe('SOURCE_DOCUMENT_REFUSED');
  });

  it('that becomes a link, or leaves the roots, is not read any more', async () => {
    write('a.md');
    expect(await codeOf(createReader(create({ roots: [] }), settings).look())).toBe('SOURCE_FOLDER_REFUSED');
    renameSync(folder, path.join(place, 'moved'));
    symlinkSync(path.join(place, 'moved'), folder);
    expect(await codeOf(connector.fetch(settings, 'a.md', signal))).toBe('SOURCE_FOLDER_REFUSED');
  });
});

describe('watching', () => {
  it('tells soon of an edit, also in folders that are new, once for a burst', async () => {
    write('deep/er/a.md');
    let calls = 0;
    const watcher = connector.watch?.(settings, () => {
      calls += 1;
    });
    const settle = (durationMs: number) => new Promise((resolve) => setTimeout(resolve, durationMs));
    await settle(300);
    for (let index = 0; index < 20; index += 1) write('deep/er/a.md', String(index));
    await expect.poll(() => calls, { timeout: 5000 }).toBe(1);
    write('new/folder/b.md');
    await expect.poll(() => calls, { timeout: 5000 }).toBe(2);
    await settle(500);
    const before = calls;
    write('new/folder/b.md', 'again');
    await expect.poll(() => calls, { timeout: 5000 }).toBeGreaterThan(before);
    watcher?.close();
    const atEnd = calls;
    write('new/folder/b.md', 'and again');
    await settle(600);
    expect(calls).toBe(atEnd);
  });

  it('goes on when the folder, or one below it, is taken away and comes back', async () => {
    write('deep/a.md');
    let calls = 0;
    const watcher = connector.watch?.(settings, () => {
      calls += 1;
    });
    const quiet = async () => {
      for (let before = -1; before !== calls; ) {
        before = calls;
        await new Promise((resolve) => setTimeout(resolve, 700));
      }
      return calls;
    };
    await quiet();
    rmSync(at('deep'), { recursive: true });
    write('deep/a.md', 'anew');
    let before = await quiet();
    write('deep/a.md', 'once more');
    await expect.poll(() => calls, { timeout: 5000 }).toBeGreaterThan(before);
    renameSync(folder, path.join(place, 'unplugged'));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    before = await quiet();
    renameSync(path.join(place, 'unplugged'), folder);
    await expect.poll(() => calls, { timeout: 5000 }).toBeGreaterThan(before);
    before = await quiet();
    write('deep/a.md', 'and again');
    await expect.poll(() => calls, { timeout: 5000 }).toBeGreaterThan(before);
    watcher?.close();
  }, 30_000);

  it('costs little when thousands of files come into a large folder', async () => {
    for (let index = 0; index < 4000; index += 1) write(`old-${index}.md`, 'x');
    let calls = 0;
    const watcher = connector.watch?.(settings, () => {
      calls += 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let index = 0; index < 2000; index += 1) write(`new-${index}.md`, 'x');
    const before = process.cpuUsage();
    await expect.poll(() => calls, { timeout: 60_000 }).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { user, system } = process.cpuUsage(before);
    watcher?.close();
    process.stdout.write(`watching: 2,000 new files cost ${Math.round((user + system) / 1000)} ms of CPU\n`);
    expect(user + system).toBeLessThan(2_000_000);
  }, 90_000);
});
