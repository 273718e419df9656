import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findFiles } from './find-files.ts';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'nexus-find-')));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string | Buffer) => {
  const file = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name)]);
  mkdirSync(path.dirname(file.toString()), { recursive: true });
  writeFileSync(file, 'text');
};
const namesOf = async () => {
  const { files, ...rest } = await findFiles(folder, ['md']);
  return { names: files.map(({ name }) => name), ...rest };
};

/** What is forbidden to others is not to the superuser, as whom tests run in a container. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  try {
    await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test('what no format reads, links and hidden files are left out, in the order of the names', async () => {
  for (const name of ['b.md', 'a/c.MD', '.hidden/d.md', '.e.md', 'node_modules/f.md', 'g.bin', 'h', 'ä.md'])
    write(name);
  symlinkSync('/etc/hostname', path.join(folder, 'link.md'));
  symlinkSync(folder, path.join(folder, 'around'));
  expect(await namesOf()).toEqual({
    names: ['a/c.MD', 'b.md', 'ä.md'],
    skipped: { '.bin': 1, 'no ending': 1, link: 2 },
    unreadable: [],
  });
});

test('a folder that may not be read keeps nobody else from being found, and is told', async () => {
  write('a.md');
  write('closed/b.md');
  chmodSync(path.join(folder, 'closed'), 0);
  await asNobody(async () => {
    expect(await namesOf()).toMatchObject({
      names: ['a.md'],
      unreadable: [{ file: 'closed', code: 'FILE_UNREADABLE', message: 'It cannot be read: permission denied.' }],
    });
  });
  chmodSync(path.join(folder, 'closed'), 0o755);
});

test('a folder of which nothing may be read is not called empty', async () => {
  write('a.md');
  chmodSync(folder, 0);
  await asNobody(async () => {
    await expect(namesOf()).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('permission denied'),
    });
  });
  chmodSync(folder, 0o755);
});

test.runIf(process.platform === 'linux')('names that are no UTF-8 are told, files and folders alike', async () => {
  write('a.md');
  write(Buffer.from('caf\xe9.md', 'latin1'));
  mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('d\xe9p', 'latin1')]));
  const { names, unreadable } = await namesOf();
  expect(names).toEqual(['a.md']);
  expect(unreadable.map(({ file }) => file)).toEqual(['caf\ufffd.md', 'd\ufffdp']);
  expect(unreadable[0]?.message).toContain('not valid UTF-8');
});

test('what lies too deep is told, not passed over', async () => {
  write('a.md');
  write(`${'d/'.repeat(70)}b.md`);
  expect(await namesOf()).toMatchObject({
    names: ['a.md'],
    unreadable: [{ message: expect.stringContaining('64 folders deep') }],
  });
});

test('a device is neither a file nor a folder', async () => {
  await expect(findFiles('/dev/null', ['md'])).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});
