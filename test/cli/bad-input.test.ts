import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockHome } from '#platform/lifecycle/home-lock.ts';
import {
  type CommandLine,
  createCommandLine,
  peakMemoryOf,
  type Ran,
  root,
  type Server,
  sleep,
} from './command-line.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nexus-bad-input-'));
const fileOf = (name: string, content: string | Buffer = '') => {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
};

/** The failure as both ways of speaking tell it: exit code, code and message. */
function expectFailure(ran: Ran, expected: { exit: number; code: string; says: RegExp }): void {
  expect(ran.json().error, ran.output + ran.errors).toMatchObject({
    code: expected.code,
    message: expect.stringMatching(expected.says),
  });
  expect(ran.code).toBe(expected.exit);
}

let nexus: CommandLine;

beforeAll(async () => {
  nexus = createCommandLine();
  const kept = fileOf('kept/harbour.md', '# Harbour\n\nThe harbour closes at nine in the evening.\n');
  const ran = await nexus.run(['ingest', kept, '--json']);
  expect(ran.json(), ran.errors).toMatchObject({ created: 1, failed: [] });
}, 60_000);

afterAll(async () => {
  await nexus.remove();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

async function expectNothingLost(): Promise<void> {
  const ran = await nexus.run(['search', 'harbour', '--json']);
  expect(ran.code, ran.output + ran.errors).toBe(0);
  expect(ran.json().passages[0]?.text).toContain('The harbour closes at nine in the evening.');
}

describe('without a server', () => {
  test('a document that is cut off is refused with a reason', async () => {
    const pdf = fileOf(
      'cut.pdf',
      '%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pa',
    );
    const ran = await nexus.run(['ingest', pdf, '--json']);
    expect(ran.code).toBe(2);
    expect(ran.json()).toMatchObject({
      created: 0,
      failed: [{ file: 'cut.pdf', message: expect.stringMatching(/cut off/) }],
    });
  });

  test('text that is not UTF-8 is read, and said', async () => {
    const latin = fileOf('latin.md', Buffer.from('Caf\xe9 \xff\xfe is open\n\nThe ferry leaves at ten.\n', 'latin1'));
    const ran = await nexus.run(['ingest', latin, '--json']);
    expect(ran.code).toBe(0);
    expect(ran.json()).toMatchObject({
      created: 1,
      warnings: [{ file: 'latin.md', message: expect.stringMatching(/not valid UTF-8 .* read as Windows-1252/) }],
    });
  });

  test('a file of 1 GB is refused at once and never read into memory', async () => {
    const large = fileOf('large.md');
    truncateSync(large, 2 ** 30);
    const ran = await nexus.run(['ingest', large, '--json']);
    expect(ran.code).toBe(2);
    expect(ran.json().failed).toEqual([
      {
        file: 'large.md',
        code: 'DOCUMENT_TOO_LARGE',
        message: expect.stringMatching(/1073741824 bytes.*NEXUS_INGESTION__MAX_FILE_BYTES/),
      },
    ]);
    expect(ran.seconds).toBeLessThan(10);
    expect(ran.peakMegabytes).toBeLessThan(300);
  });

  test('an empty folder', async () => {
    const empty = path.join(folder, 'empty');
    mkdirSync(empty);
    const ran = await nexus.run(['ingest', empty, '--json']);
    expectFailure(ran, { exit: 2, code: 'FOLDER_EMPTY', says: /It is empty\. Files that can be read end in .*\.md/ });
  });

  test('a folder that holds only what no format reads', async () => {
    const drawings = path.dirname(fileOf('drawings/harbour.dwg', 'x'));
    const ran = await nexus.run(['ingest', drawings, '--json']);
    expectFailure(ran, { exit: 2, code: 'FOLDER_EMPTY', says: /1 × \.dwg\. Files that can be read end in/ });
  });

  test('a folder that does not exist', async () => {
    const ran = await nexus.run(['ingest', path.join(folder, 'nowhere'), '--json']);
    expectFailure(ran, { exit: 4, code: 'FOLDER_NOT_FOUND', says: /nowhere\. Correct the path/ });
  });

  test.each(['search', 'ask'])('%s with 10,000 characters names the limit', async (command) => {
    const ran = await nexus.run([command, 'word '.repeat(2_000), '--json']);
    expectFailure(ran, { exit: 2, code: 'REQUEST_INVALID', says: /at most 2000 characters/ });
  });

  test('a model folder without the model is an error, not a worse search', async () => {
    const models = path.join(folder, 'models');
    mkdirSync(models, { recursive: true });
    const ran = await nexus.run(['ask', 'When?', '--json'], { environment: { NEXUS_MODEL_DIR: models } });
    expectFailure(ran, {
      exit: 4,
      code: 'MODEL_NOT_FOUND',
      says: /Set NEXUS_MODEL_DIR or run `\.\/nexus models pull`/,
    });
  });

  test('a port in use ends the start, in the terminal and in the background, and names the way out', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const environment = { NEXUS_HTTP__PORT: String(port) };
    const says = new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is in use.*NEXUS_HTTP__PORT=`);
    try {
      const inTerminal = await nexus.run(['start'], { environment });
      expect(inTerminal.errors).toMatch(says);
      expect(inTerminal.errors).toContain('(PORT_IN_USE)');
      expect(inTerminal.code).toBe(5);
      const inBackground = await nexus.run(['start', '--detach', '--json'], { environment });
      expectFailure(inBackground, { exit: 5, code: 'PORT_IN_USE', says });
      expect(inBackground.seconds).toBeLessThan(15);
    } finally {
      taken.close();
    }
  });

  test('a pipe that is closed early is no failure', () => {
    const script = `"${process.execPath}" src/cli/main.ts ask "When does the harbour close?" | head -n 1`;
    const { NEXUS_MODEL_DIR: _, ...environment } = process.env;
    const said = execFileSync('sh', ['-c', `${script}; exit 0`], {
      cwd: root,
      env: { ...environment, NEXUS_HOME: nexus.home },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(said).toBe('\n');
  });

  test('none of it lost what was kept', expectNothingLost);
});

describe('the words of a command', () => {
  test('a log is no JSON document, so a server in the terminal refuses --json', async () => {
    expectFailure(await nexus.run(['start', '--json']), { exit: 2, code: 'USAGE', says: /Add `--detach`/ });
  });

  test.each([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['ask'], /missing required argument 'question'/],
    [['search', 'pump', '--limt', '3'], /unknown option '--limt'.*Did you mean --limit/],
    [['eval'], /A command is missing/],
    [[], /A command is missing/],
  ])('the words %j are refused with the way to the help', async (words, says) => {
    expectFailure(await nexus.run([...words, '--json']), { exit: 2, code: 'USAGE', says });
    const plain = await nexus.run(words);
    expect({ code: plain.code, output: plain.output }).toEqual({ code: 2, output: '' });
    expect(plain.errors).toContain('--help');
  });

  test('stop names a process that holds the home and does not answer', async () => {
    const lock = await lockHome(nexus.home, { command: 'a test' });
    try {
      const ran = await nexus.run(['stop']);
      expect(ran.code).toBe(5);
      expect(ran.errors).toContain(`Process ${process.pid} (a test) holds ${nexus.home}`);
    } finally {
      await lock.release();
    }
  });

  test('stop when nothing runs is no failure', async () => {
    const ran = await nexus.run(['stop', '--json']);
    expect({ code: ran.code, reply: ran.json() }).toEqual({ code: 0, reply: { stopped: false } });
    expect((await nexus.run(['stop'])).output).toContain(`No server runs on ${nexus.home}.`);
  });
});

describe('the configuration', () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(path.join(tmpdir(), 'nexus-configured-'));
    for (const name of ['src', 'package.json'])
      cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
    writeFileSync(
      path.join(copy, 'nexus.config.yaml'),
      'http:\n  port: 99999\n  prot: 80\nretrieval:\n  depth: many\n',
    );
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  test('tells every mistake at once, each with its place and the fix', async () => {
    const environment = {
      NEXUS_SANDBOX__SIZE: '0',
      NEXUS_HTPP__PORT: '80',
      NEXUS_CHAT__PASSAGES: 'ten',
      NEXUS_HTTP__PORT: '',
    };
    const ran = await createCommandLine({ home: nexus.home, from: copy }).run(['start', '--json'], { environment });
    expectFailure(ran, { exit: 2, code: 'CONFIGURATION_INVALID', says: /^The configuration has 6 problems:/ });
    const { problems } = ran.json().error.details;
    const told = problems.map(({ path: setting, origin }: { path: string; origin: string }) => [setting, origin]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['http.port', 'nexus.config.yaml:2'],
        ['http.prot', 'nexus.config.yaml:3'],
        ['retrieval.depth', 'nexus.config.yaml:5'],
        ['sandbox.size', 'NEXUS_SANDBOX__SIZE'],
        ['', 'NEXUS_HTPP__PORT'],
        ['chat.passages', 'NEXUS_CHAT__PASSAGES'],
      ]),
    );
    for (const { origin, fix } of problems) {
      expect(fix, origin).toMatch(/\.$|\?$/);
      expect(ran.json().error.message).toContain(`(${origin})`.replace('(NEXUS_HTPP__PORT)', 'NEXUS_HTPP__PORT'));
    }
    await expectNothingLost();
  });
});

describe('with a server', () => {
  let server: Server;
  beforeAll(async () => {
    server = await nexus.start();
  }, 60_000);

  /** Sends a head and then 1 GB, as long as the server takes it; resolves to its answer and what it had taken. */
  function sendLarge(framing: string, chunk: Buffer): Promise<{ answer: string; sentMegabytes: number }> {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      let answer = '';
      let sentBytes = 0;
      const send = () => {
        while (answer === '' && sentBytes < 2 ** 30 && socket.write(chunk)) sentBytes += chunk.length;
      };
      socket.on('drain', send);
      socket.on('error', (error) => (answer === '' ? reject(error) : undefined));
      socket.on('data', (part) => {
        answer += part.toString('utf8');
        if (answer.includes('request_id')) socket.destroy();
      });
      socket.on('close', () => resolve({ answer, sentMegabytes: sentBytes / 1e6 }));
      socket.write(
        `POST /api/v1/documents?filename=large.md&external_id=large HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${server.token}\r\nContent-Type: application/octet-stream\r\n${framing}\r\n\r\n`,
      );
      send();
    });
  }

  test.each([
    ['with its length told', `Content-Length: ${2 ** 30}`, Buffer.alloc(65_536, 'a'), 10],
    ['in chunks', 'Transfer-Encoding: chunked', Buffer.from(`10000\r\n${'a'.repeat(65_536)}\r\n`), 130],
  ])('1 GB %s is refused without being taken', async (_, framing, chunk, mostMegabytes) => {
    const { answer, sentMegabytes } = await sendLarge(framing, chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"BODY_TOO_LARGE"');
    expect(sentMegabytes).toBeLessThan(mostMegabytes);
    expect(peakMemoryOf(server.pid)).toBeLessThan(450);
    await expectNothingLost();
  });

  test('a query of 10,000 letters that take six bytes each in an address', async () => {
    const ran = await nexus.run(['search', 'ü'.repeat(10_000), '--json']);
    expect(ran.json().error).toMatchObject({ code: 'HEAD_TOO_LARGE' });
    expect(ran.code).toBe(2);
  });

  test('a second server on the home is refused at once and names the first', async () => {
    const bare = await watchNode();
    const ran = await nexus.run([], { script: 'src/main.ts' });
    expect(ran.code).toBe(5);
    expect(ran.errors).toMatch(
      new RegExp(`in use by process ${server.pid} \\(nexus start\\).*or set another NEXUS_HOME`),
    );
    expect(ran.errors).toContain('(HOME_LOCKED)');
    expect(ran.seconds - bare).toBeLessThan(process.env.CI === 'true' ? 3 : 2);
  });

  test('a second start tells where the first runs, with a fresh link', async () => {
    const first = (await nexus.run(['start', '--json'])).json();
    const second = (await nexus.run(['start', '--detach', '--json'])).json();
    expect(first).toMatchObject({ url: server.url, started: false });
    expect(second.sign_in_link).toMatch(/#token=.{20,}/);
    expect(second.sign_in_link).not.toBe(first.sign_in_link);
  });

  test('ingest and ask work through it', async () => {
    const tide = fileOf('more/tide.md', '# Tide\n\nHigh tide comes at four in the afternoon.\n');
    expect((await nexus.run(['ingest', tide, '--json'])).json()).toMatchObject({ created: 1, failed: [] });
    const reply = (await nexus.run(['ask', 'When does high tide come?', '--json'])).json();
    expect(reply.answer).toContain('High tide comes at four in the afternoon.');
  });

  test('after kill -9 any command works, and stop says that nothing runs', async () => {
    await server.end('SIGKILL');
    expect(existsSync(path.join(nexus.home, 'run/server.json'))).toBe(true);
    expect((await nexus.run(['stop', '--json'])).json()).toEqual({ stopped: false });
    await expectNothingLost();
  });

  test('Ctrl-C ends it with 0 and leaves nothing behind', async () => {
    server = await nexus.start();
    const { code, seconds } = await server.end('SIGINT');
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(3);
    for (const file of ['run/server.json', 'postgres/data/postmaster.pid'])
      expect(existsSync(path.join(nexus.home, file)), file).toBe(false);
  });

  test('a signal sent the moment the server can be known stops it as any other', async () => {
    const fresh = createCommandLine();
    try {
      const file = path.join(fresh.home, 'run/server.json');
      const { pid, ended } = fresh.spawnServer();
      // Without a pause: the moment between the file and what follows it in the server is some microseconds long.
      for (const endsMs = performance.now() + 20_000; !existsSync(file) && performance.now() < endsMs; );
      process.kill(pid, 'SIGINT');
      const { code, errors } = await ended;
      expect(code, errors).toBe(0);
      expect(existsSync(file)).toBe(false);
    } finally {
      await fresh.remove();
    }
  });

  test('stop ends it, and a second stop says that nothing runs', async () => {
    server = await nexus.start();
    expect((await nexus.run(['stop', '--json'])).json()).toEqual({ stopped: true, pid: server.pid });
    expect((await nexus.run(['stop', '--json'])).json()).toEqual({ stopped: false });
    await expectNothingLost();
  });
});

/** What Node itself takes to start, in seconds. */
async function watchNode(): Promise<number> {
  const startMs = performance.now();
  execFileSync(process.execPath, ['-e', '0']);
  return (performance.now() - startMs) / 1000;
}

describe('a new home', () => {
  let fresh: CommandLine;
  beforeAll(() => {
    fresh = createCommandLine();
  });
  afterAll(() => fresh.remove());

  test('search and ask of an empty corpus say that nothing is there', async () => {
    const search = await fresh.run(['search', 'harbour']);
    expect({ code: search.code, output: search.output }).toMatchObject({
      code: 0,
      output: expect.stringMatching(/Nothing was found.*nexus ingest FOLDER/),
    });
    const ask = await fresh.run(['ask', 'When does the harbour close?', '--json']);
    expect(ask.code).toBe(0);
    expect(ask.json()).toMatchObject({ declined: true, sources: [], answer: expect.stringMatching(/I don't know/) });
  });

  test('quickstart takes another port when the usual one is taken, and says so', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => {
      taken.once('listening', resolve).once('error', () => resolve()); // Somebody else has it: as good.
      taken.listen(4590, '127.0.0.1');
    });
    try {
      const ran = await fresh.run(['quickstart', '--json'], { environment: { NEXUS_HTTP__PORT: '' } });
      expect(ran.code, ran.errors).toBe(0);
      expect(ran.errors).toContain('Port 4590 is in use by another program, so a free one is taken.');
      expect(ran.json()).toMatchObject({
        url: expect.not.stringContaining(':4590'),
        answer: { declined: false, answer: expect.stringContaining('three days a week') },
      });
    } finally {
      taken.close();
    }
  });
});

describe.skipIf(process.getuid?.() !== 0 || !canMount())('a full disk (only as root)', () => {
  const disk = path.join(folder, 'disk');
  const leftKilobytes = 2_000;
  let full: CommandLine;
  beforeAll(async () => {
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'none', disk]);
    full = createCommandLine({ home: path.join(disk, 'home') });
  });
  afterAll(async () => {
    await full.remove();
    execFileSync('umount', ['-l', disk]);
  }, 30_000);

  test('refuses with a storage-full error, loses nothing acknowledged, and goes on when there is space', async () => {
    const pages = path.join(folder, 'pages');
    for (let page = 0; page < 40; page += 1)
      fileOf(`pages/${page}.md`, `# Page ${page}\n\n${`Word${page} stands on page ${page} and again. `.repeat(1_500)}`);
    const first = fileOf('first.md', '# Bridge\n\nThe bridge opens at seven.\n');
    expect((await full.run(['ingest', first, '--json'])).json()).toMatchObject({ created: 1 });

    const ballast = path.join(disk, 'ballast');
    await full.start();
    const free = Number(execFileSync('df', ['--output=avail', '-k', disk], { encoding: 'utf8' }).split('\n')[1]);
    writeFileSync(ballast, Buffer.alloc((free - leftKilobytes) * 1024));
    const refused = await full.run(['ingest', pages, '--json']);
    expectFailure(refused, { exit: 7, code: 'STORAGE_FULL', says: /disk.*full/i });

    rmSync(ballast);
    const again = await retry(() => full.run(['ingest', pages, '--json']));
    expect(again.json().created + again.json().unchanged, again.output + again.errors).toBe(40);
    const found = await full.run(['search', 'bridge', '--json']);
    expect(found.json().passages[0].text).toContain('The bridge opens at seven.');
  });
});

/** The database recovers by itself when there is space again; that takes a moment. */
async function retry(work: () => Promise<Ran>): Promise<Ran> {
  for (let attempt = 0; ; attempt += 1) {
    const ran = await work();
    if (ran.code === 0 || attempt === 5) return ran;
    await sleep(1_000);
  }
}

function canMount(): boolean {
  const probe = path.join(folder, 'probe');
  try {
    mkdirSync(probe);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', probe], { stdio: 'ignore' });
    execFileSync('umount', [probe], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
