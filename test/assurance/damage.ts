/**
 * R4: damaged files. A stopped home is copied, one place of the copy is damaged (a bit, a page of zeros, a cut), and the
 * product is started on it. Every answer must be right or an error; a document that is missing or wrong without a word is
 * a silent wrong answer. Derived data is rebuilt from the database at each start, so it has no files to damage.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  globSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type NexusProcess, startNexus } from '../../bench/harness/nexus-process.ts';
import { createSeededRandom, type SeededRandom } from '../../bench/harness/seeded-random.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';

/** Of a full run: in each round. */
const points = { ci: 40, full: 60 };
const documents = 40;
const queued = 20;
const pageBytes = 8_192;
const mostGets = 50;

/** What lies in the home, and how it protects itself. The commit log (`pg_xact`) has no checksums in PostgreSQL: counted apart. */
const areas: Record<string, string> = {
  'tables and indexes': 'postgres/data/base/*/*',
  'shared catalogue': 'postgres/data/global/*',
  'object store': 'blobs/**/*',
  'commit log': 'postgres/data/pg_xact/*',
};

type Verdict = 'right' | 'reported' | 'silent';

export const program: AssuranceProgram = {
  rounds: 10,
  describe: 'R4: bits flipped, pages zeroed and files cut in a copy of the home; no answer may be silently wrong',
  async run({ seed, full, log }: AssuranceContext): Promise<AssuranceOutcome> {
    const random = createSeededRandom(seed);
    const folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-damage-'));
    const whole = path.join(folder, 'whole');
    try {
      const expected = await fillHome(whole);
      const verdicts: Record<string, Record<Verdict, number>> = {};
      const total = full ? points.full : points.ci;
      for (let point = 0; point < total; point += 1) {
        const area = Object.keys(areas)[point % Object.keys(areas).length] as string;
        const copy = path.join(folder, 'copy');
        copyHome(whole, copy);
        const what = damage(copy, area, random);
        const verdict = await judge(copy, expected);
        const counts = verdicts[area] ?? { right: 0, reported: 0, silent: 0 };
        verdicts[area] = { ...counts, [verdict]: counts[verdict] + 1 };
        if (verdict === 'silent') log(`silent: ${what}`);
        if (point % 10 === 9) log(`${point + 1}/${total} points, ${JSON.stringify(verdicts)}`);
        rmSync(copy, { recursive: true, force: true });
      }
      const silentIn = (area: string) => verdicts[area]?.silent ?? 0;
      const silent = Object.keys(areas)
        .filter((area) => area !== 'commit log')
        .reduce((sum, area) => sum + silentIn(area), 0);
      const reported = Object.values(verdicts).reduce((sum, counts) => sum + counts.reported, 0);
      // An undamaged copy must be right, or every copy would count as reported.
      const undamaged = path.join(folder, 'undamaged');
      copyHome(whole, undamaged);
      const isCopyRight = (await judge(undamaged, expected)) === 'right';
      const plantedFound = (await findPlanted(whole, expected)) ? 1 : 0;
      return {
        n: total,
        figures: {
          silent_wrong_answers: silent,
          silent_wrong_answers_in_the_commit_log: silentIn('commit log'),
          reported,
          ...Object.fromEntries(
            Object.entries(verdicts).flatMap(([area, counts]) =>
              Object.entries(counts).map(([verdict, count]) => [`${area.replaceAll(' ', '_')}_${verdict}`, count]),
            ),
          ),
          undamaged_copy_is_right: isCopyRight,
          planted_faults_found: plantedFound,
        },
        pass: silent === 0 && reported > 0 && isCopyRight && plantedFound === 1,
      };
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  },
};

/** What must be there: by external id the text, and whether it waits in the queue still. */
type Expected = Map<string, { text: string; word: string; isQueued: boolean }>;

/** With its owners: the embedded database runs as another user where we are root. */
function copyHome(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}

async function fillHome(home: string): Promise<Expected> {
  const expected: Expected = new Map();
  // Without a worker the queue keeps what it is given, and so does the object store.
  const server = await startNexus(home, { ROLES: 'api,scheduler' });
  for (let index = 0; index < documents + queued; index += 1) {
    const externalId = `document-${index}`;
    const word = `w${createHash('sha256').update(externalId).digest('hex').slice(0, 12)}`;
    const text = `# ${externalId}\n\nThis document holds the word ${word} once.\n\n${'A line that fills it up. '.repeat(40)}\n`;
    const isQueued = index >= documents;
    const target = `/api/v1/documents?filename=a.md&external_id=${externalId}${isQueued ? '&wait=false' : ''}`;
    const reply = await server.call('POST', target, text);
    if (reply.status >= 300) throw new Error(`The upload answered ${reply.status}: ${reply.text}`);
    expected.set(externalId, { text, word, isQueued });
  }
  await server.stop();
  return expected;
}

/** Damages one place and says which. */
function damage(home: string, area: string, random: SeededRandom): string {
  const files = globSync(areas[area] as string, { cwd: home })
    .map((name) => path.join(home, name))
    .filter((file) => statSync(file).isFile() && statSync(file).size > 0)
    .sort();
  const file = random.pick(files);
  const { size } = statSync(file);
  const page = random.integer(Math.ceil(size / pageBytes)) * pageBytes;
  const how = random.pick(['bit', 'zeros', 'cut']);
  const where = `${path.relative(home, file)} at ${page}: ${how}`;
  if (how === 'cut') {
    truncateSync(file, Math.min(size - 1, page + random.integer(pageBytes)));
    return where;
  }
  const descriptor = openSync(file, 'r+');
  const length = Math.min(pageBytes, size - page);
  const bytes = Buffer.alloc(length);
  readSync(descriptor, bytes, 0, length, page);
  const at = random.integer(length);
  if (how === 'bit') bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
  else bytes.fill(0, at - (at % 512));
  writeSync(descriptor, bytes, 0, length, page);
  closeSync(descriptor);
  return where;
}

async function judge(home: string, expected: Expected): Promise<Verdict> {
  let server: NexusProcess;
  try {
    server = await startNexus(home, {
      NEXUS_TELEMETRY__LOG_LEVEL: 'silent',
      NEXUS_DATABASE__EMBEDDED__MAX_RESTARTS: '2',
    });
  } catch {
    // It refused to start on what it found.
    return 'reported';
  }
  try {
    return await compare(server, expected);
  } finally {
    await server.stop();
  }
}

async function compare(server: NexusProcess, expected: Expected): Promise<Verdict> {
  const failures = await failedItems(server);
  if (failures === undefined) return 'reported';
  const found = await listAll(server);
  if (found === undefined) return 'reported';
  let verdict: Verdict = failures.size > 0 ? 'reported' : 'right';
  for (const [externalId, { text, word }] of expected) {
    if (failures.has(externalId)) continue;
    const id = found.get(externalId);
    if (id === undefined) return 'silent';
    const read = await get(server, `/api/v1/documents/${id}/text`);
    const hits = await get(server, `/api/v1/search?limit=5&query=${word}`);
    if (read === undefined || hits === undefined) {
      verdict = 'reported';
      continue;
    }
    if ((read as { text: string }).text !== text) return 'silent';
    const { passages } = hits as { passages: { document_id: string; text: string }[] };
    if (!passages.some((passage) => passage.document_id === id && passage.text.includes(word))) return 'silent';
  }
  return verdict;
}

/** What the queue could not bring in, once it is done; undefined: it says that it cannot. */
async function failedItems(server: NexusProcess): Promise<Set<string> | undefined> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const running = await get(server, '/api/v1/tasks?state=running&limit=1');
    if (running === undefined) return undefined;
    if ((running as { items: unknown[] }).items.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const tasks = await get(server, '/api/v1/tasks?limit=200');
  if (tasks === undefined) return undefined;
  const failed = new Set<string>();
  for (const { id } of (tasks as { items: { id: string }[] }).items) {
    const items = await get(server, `/api/v1/tasks/${id}/items?state=failed&limit=200`);
    if (items === undefined) return undefined;
    for (const { external_id } of (items as { items: { external_id: string }[] }).items) failed.add(external_id);
  }
  return failed;
}

async function listAll(server: NexusProcess): Promise<Map<string, string> | undefined> {
  const found = new Map<string, string>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await get(server, `/api/v1/documents?limit=200${cursor && `&cursor=${cursor}`}`);
    if (page === undefined) return undefined;
    const { items, next_cursor } = page as { items: { id: string; external_id: string }[]; next_cursor: string | null };
    for (const { id, external_id } of items) found.set(external_id, id);
    cursor = next_cursor;
  }
  return found;
}

/** Undefined: the server says that it cannot. A passing 503 is asked again. */
async function get(server: NexusProcess, target: string): Promise<unknown> {
  for (let attempt = 0; attempt < mostGets; attempt += 1) {
    const reply = await server.call('GET', target).catch(() => ({ status: 0, text: '' }));
    if (reply.status === 200) return JSON.parse(reply.text);
    if (reply.status !== 503 || reply.text.includes('DATABASE_DAMAGED')) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return undefined;
}

/** The judgement must call it silent when a document is not the one that was sent. */
async function findPlanted(home: string, expected: Expected): Promise<boolean> {
  const wrong = new Map(expected);
  const [first] = wrong.keys();
  const entry = wrong.get(first ?? '');
  if (first === undefined || entry === undefined) return false;
  wrong.set(first, { ...entry, text: `${entry.text}.` });
  return (await judge(home, wrong)) === 'silent';
}
