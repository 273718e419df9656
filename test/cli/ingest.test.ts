import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandLine, createCommandLine, root, type Server, sleep } from './command-line.ts';

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'nexus-ingest-')));
const write = (name: string, text: string) => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
};
let nexus: CommandLine;
let server: Server;

beforeAll(async () => {
  nexus = createCommandLine();
  server = await nexus.start();
}, 60_000);
afterAll(async () => {
  await server.end('SIGTERM');
  await nexus.remove();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const finds = async (query: string, text: string): Promise<boolean> => {
  const ran = await nexus.run(['search', query, '--json']);
  return ran.code === 0 && JSON.stringify(ran.json()).includes(text);
};

describe('ingest', () => {
  test('tells what is new, changed, as before and failed, with the way to try again', async () => {
    write('report/a.md', '# A\n\nThe lighthouse keeper counts gulls.\n');
    write('report/b.md', '# B\n\nThe ferry is late.\n');
    write('report/cut.pdf', '%PDF-1.4 cut');
    const target = path.join(folder, 'report');
    const first = (await nexus.run(['ingest', target, '--json'])).json();
    expect(first).toMatchObject({ created: 2, failed: [{ file: 'cut.pdf', code: 'DOCUMENT_DAMAGED' }], left: 0 });
    expect(first.position).toEqual(expect.any(String));
    write('report/b.md', '# B\n\nThe ferry is early.\n');
    const second = await nexus.run(['ingest', target]);
    expect(second.code).toBe(2);
    expect(second.output).toMatch(/0 new, 1 changed, 1 as before, 1 failed/);
    const taskId = /nexus tasks retry (\S+)/.exec(second.output)?.[1] ?? '';
    const retried = await nexus.run(['tasks', 'retry', taskId, '--json']);
    expect(retried.json()).toMatchObject({ id: taskId, counts: { failed: 1 }, failed: [{ filename: 'cut.pdf' }] });
    expect(await finds('lighthouse keeper', 'counts gulls')).toBe(true);
    write('report/cut.pdf', '%PDF-1.4 cut still');
    unlinkSync(path.join(target, 'cut.pdf'));
    const third = await nexus.run(['ingest', target]);
    expect([third.code, third.output]).toEqual([0, expect.not.stringContaining('tasks retry')]);
    const done = (await nexus.run(['tasks', 'list', '--limit', '1', '--json'])).json().items[0];
    const again = await nexus.run(['tasks', 'retry', done.id]);
    expect([again.code, again.output]).toEqual([0, expect.stringContaining('nothing to try again')]);
  });

  test('that is interrupted leaves what was sent to the server, and says so', async () => {
    for (let index = 0; index < 800; index += 1) write(`many/${index}.md`, `# ${index}\n\nNumber ${index} of many.\n`);
    const child = spawn(process.execPath, ['src/cli/main.ts', 'ingest', path.join(folder, 'many'), '--json'], {
      cwd: root,
      env: { PATH: process.env.PATH, NEXUS_HOME: nexus.home },
    });
    let output = '';
    child.stdout.on('data', (part) => {
      output += String(part);
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const running = async () =>
      (await nexus.run(['tasks', 'list', '--state', 'running', '--json'])).json().items.length;
    await expect.poll(running, { timeout: 30_000 }).toBe(1);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    const report = JSON.parse(output);
    expect(report).toMatchObject({ interrupted: true });
    const followed = await nexus.run(['tasks', 'follow', report.task_id, '--json']);
    const { counts } = followed.json();
    expect(counts.completed + report.left).toBe(800);
    expect(counts).toMatchObject({ pending: 0, processing: 0, failed: 0 });
  });
});

describe('a watched folder', () => {
  test('is searchable soon after an edit, and what is deleted is gone', async () => {
    write('watched/a.md', '# A\n\nNothing yet.\n');
    const added = await nexus.run(['ingest', path.join(folder, 'watched'), '--watch', '--json']);
    expect(added.code, added.errors).toBe(0);
    const sources = (await nexus.run(['sources', 'list', '--json'])).json().items;
    const source = sources.find(({ kind }: { kind: string }) => kind === 'files');
    expect(source).toMatchObject({ kind: 'files', coverage: 1, known: 1 });

    await sleep(6000);
    write('watched/deep/b.md', '# B\n\nThe albatross came back at noon.\n');
    const editedMs = performance.now();
    await expect.poll(() => finds('albatross', 'came back at noon'), { timeout: 10_000 }).toBe(true);
    const editMs = performance.now() - editedMs;
    unlinkSync(path.join(folder, 'watched/deep/b.md'));
    const deletedMs = performance.now();
    await expect.poll(() => finds('albatross', 'came back at noon'), { timeout: 60_000 }).toBe(false);
    process.stdout.write(
      `watched folder: edit searchable after ${Math.round(editMs)} ms, deletion gone after ${Math.round(performance.now() - deletedMs)} ms\n`,
    );

    const removed = await nexus.run(['sources', 'remove', source.id, '--json']);
    expect(removed.json()).toMatchObject({ kind: 'removal', state: 'completed', counts: { deleted: 1 } });
    expect(await finds('nothing', 'Nothing yet')).toBe(false);
    expect((await nexus.run(['sources', 'show', source.id, '--json'])).code).toBe(4);
  });

  test('that is paused, or wanted in another collection, says what to do', async () => {
    write('other/a.md', '# A\n\nText.\n');
    const target = path.join(folder, 'other');
    await nexus.run(['ingest', target, '--watch']);
    const { items } = (await nexus.run(['sources', 'list', '--json'])).json();
    const { id } = items.find(({ kind }: { kind: string }) => kind === 'files');
    const collection = '01890a5d-ac96-774b-bcce-b302099a8057';
    const elsewhere = await nexus.run(['ingest', target, '--watch', '--collection', collection]);
    expect([elsewhere.code, elsewhere.errors]).toEqual([5, expect.stringContaining(`sources remove ${id}`)]);
    await nexus.run(['sources', 'pause', id]);
    for (const words of [
      ['ingest', target, '--watch'],
      ['sources', 'sync', id],
    ]) {
      const ran = await nexus.run(words);
      expect([ran.code, ran.output, ran.errors]).toEqual([5, '', expect.stringContaining(`sources resume ${id}`)]);
    }
    expect((await nexus.run(['sources', 'remove', id])).code).toBe(0);
  });

  test('is asked for in words that a person can follow', async () => {
    const said = async (...words: string[]) => (await nexus.run(words)).errors;
    expect(await said('sources', 'add', 'files')).toContain('Which folder?');
    expect(await said('sources', 'add', 'api', folder)).toContain('has no folder');
    for (const step of ['show', 'follow', 'retry', 'cancel']) {
      expect(await said('tasks', step, 'mine')).toContain('./nexus tasks list');
    }
    expect(await said('sources', 'show', 'mine')).toContain('./nexus sources list');
  });

  test('of Nexus itself is refused', async () => {
    const ran = await nexus.run(['sources', 'add', 'files', nexus.home, '--json']);
    expect(ran.json().error).toMatchObject({ code: 'SOURCE_FOLDER_REFUSED' });
    expect(ran.code).toBe(3);
  });
});
