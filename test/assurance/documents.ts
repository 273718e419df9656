/**
 * Fidelity: what becomes of real documents. Every file goes through the real parser pool and ends as searchable or as
 * failed with a code of the catalogue; where a Markdown of what it should say is beside it (`expected/`), the texts are
 * compared. `--full` sends all of them to a real server and searches for each.
 *
 * The figure of similarity: both texts lose markup (comments, image placeholders, link targets, heading, list, table and
 * emphasis marks, code fences, escapes, entities), are NFC, and are split at white space into words without
 * the punctuation around them; words without a letter or digit are dropped. With M the longest common subsequence of words and T the number of words of
 * both, it is 2M/T: lenient to markup, strict on what is said and in which order.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openParser } from '#app/open-parser.ts';
import type { ParsedDocument, Parser } from '#modules/ingestion/index.ts';
import { isAppError } from '#platform/errors.ts';
import { sandboxConfig } from '#platform/sandbox/config.ts';
import { testDataFolder } from '../../bench/harness/documents.ts';
import { type NexusProcess, startNexus } from '../../bench/harness/nexus-process.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';
import { lostShareOf, similarityOf } from '../support/text-similarity.ts';

const leastMedian = 0.9;
/** Failures that lie in the file; anything else that happens to a file is ours. */
const trueReasons = /^(?:DOCUMENT_[A-Z_]+|FORMAT_UNSUPPORTED)$/;

type Sample = { name: string; file: string; expected: string | undefined };
type Outcome = Sample & {
  format: string;
  state: 'searchable' | 'failed';
  code: string;
  message: string;
  similarity: number | undefined;
  document: ParsedDocument | undefined;
};

export const program: AssuranceProgram = {
  describe: 'Fidelity: every file of the test data is searchable or failed for a true reason; its text is what it says',
  async run(context: AssuranceContext): Promise<AssuranceOutcome> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-documents-'));
    try {
      return await runIn(folder, context);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function runIn(folder: string, { full, log }: AssuranceContext): Promise<AssuranceOutcome> {
  const samples = findSamples(folder);
  const outcomes = await parseAll(samples);
  for (const { name, state, code, message, similarity } of outcomes.filter(isTelling)) {
    log(`${name} · ${state} · ${similarity === undefined ? code : similarity.toFixed(3)} · ${message}`);
  }
  const untrue = outcomes.filter(({ state, code }) => state === 'failed' && !trueReasons.test(code));
  const wronglySilent = outcomes.filter(({ state, expected }) => state === 'searchable' && expected === '');
  const wronglyFailed = outcomes.filter(({ state, expected }) => state === 'failed' && (expected ?? '') !== '');
  const searched = full ? await sendAll(outcomes, folder, log) : undefined;
  const compared = outcomes.filter(({ similarity }) => similarity !== undefined);
  const median = medianOf(compared.map(({ similarity }) => similarity ?? 0));
  const control = controlFinds();
  return {
    n: samples.length,
    figures: {
      searchable: outcomes.filter(({ state }) => state === 'searchable').length,
      failed_for_a_true_reason: outcomes.filter(({ state }) => state === 'failed').length - untrue.length,
      failed_for_another_reason: untrue.length,
      searchable_without_text: wronglySilent.length,
      failed_with_text: wronglyFailed.length,
      compared: compared.length,
      similarity_median: round(median),
      similarity_least: round(Math.min(...compared.map(({ similarity }) => similarity ?? 0))),
      ...mediansByFormat(compared),
      ...lostByFormat(compared),
      ...searched,
      planted_faults_found: control,
    },
    pass:
      samples.length > 0 &&
      untrue.length + wronglySilent.length + wronglyFailed.length === 0 &&
      (compared.length === 0 || median >= leastMedian) &&
      control === 2 &&
      (searched?.sent_and_not_found ?? 0) === 0,
  };
}

const isTelling = ({ state, similarity }: Outcome): boolean => state === 'failed' || similarity !== undefined;

/** The three sets of the test data, or every file below a folder that has none of them. */
function findSamples(folder: string): Sample[] {
  const data = testDataFolder();
  const known = ['docs-mixed', 'sec-10-q/docs'].map((name) => path.join(data, name)).filter((name) => existsSync(name));
  const archive = path.join(data, 'docs-tree-fastapi/fastapi-docs-en.tar.gz');
  if (existsSync(archive)) {
    const target = path.join(folder, 'docs-tree-fastapi');
    mkdirSync(target);
    execFileSync('tar', ['-xzf', archive, '-C', target]);
    known.push(target);
  }
  return (known.length > 0 ? known : [data]).flatMap((root) => samplesBelow(root));
}

function samplesBelow(root: string): Sample[] {
  return globSync('**/*', { cwd: root })
    .filter((name) => !/(?:^|\/)(?:SOURCE\.txt$|expected\/)/.test(name) && statSync(path.join(root, name)).isFile())
    .sort()
    .map((name) => {
      const file = path.join(root, name);
      return { name: path.join(path.basename(root), name), file, expected: readExpected(file) };
    });
}

/** `expected/report.docx.md`, or `expected/report.md` for a PDF. */
function readExpected(file: string): string | undefined {
  const { dir, base, name, ext } = path.parse(file);
  const candidates = [`${base}.md`, ...(ext === '.pdf' ? [`${name}.md`] : [])];
  const found = candidates.map((candidate) => path.join(dir, 'expected', candidate)).find((at) => existsSync(at));
  return found === undefined ? undefined : readFileSync(found, 'utf8');
}

async function parseAll(samples: readonly Sample[]): Promise<Outcome[]> {
  const { parser, pool } = openParser({ sandbox: sandboxConfig.parse({}) });
  try {
    const outcomes: Outcome[] = [];
    for (const sample of samples) outcomes.push(await parseOne(parser, sample));
    return outcomes;
  } finally {
    await pool.close();
  }
}

async function parseOne(parser: Parser, sample: Sample): Promise<Outcome> {
  const filename = path.basename(sample.file);
  const format = path.extname(filename).slice(1).toLowerCase();
  const bytes = readFileSync(sample.file);
  try {
    const document = await parser.parse(parser.formatOf(filename), { filename, bytes }, new AbortController().signal);
    const similarity = sample.expected ? similarityOf(document.text, sample.expected) : undefined;
    const message = document.warnings.join(' ');
    return { ...sample, format, state: 'searchable', code: '', message, similarity, document };
  } catch (error) {
    const code = isAppError(error) ? error.code : 'BUG';
    const message = error instanceof Error ? error.message : String(error);
    return { ...sample, format, state: 'failed', code, message, similarity: undefined, document: undefined };
  }
}

/** A text that lost a third of its words, and one whose halves changed places, must both be told from a faithful one. */
function controlFinds(): number {
  const words = Array.from({ length: 400 }, (_, index) => `word${index}`);
  const faulty = [words.filter((_, index) => index % 3 !== 0), [...words.slice(200), ...words.slice(0, 200)]];
  const isFaithfulSeen = similarityOf(`# ${words.join('\n\n- ')}`, words.join(' ')) === 1;
  return faulty.filter((text) => isFaithfulSeen && similarityOf(text.join(' '), words.join(' ')) < leastMedian).length;
}

function mediansByFormat(compared: readonly Outcome[]): Record<string, string> {
  return Object.fromEntries(
    [...Map.groupBy(compared, ({ format }) => format)].map(([format, outcomes]) => [
      `similarity_${format}`,
      `${round(medianOf(outcomes.map(({ similarity }) => similarity ?? 0)))} of ${outcomes.length}`,
    ]),
  );
}

/** Similarity falls with each word that we have and the reference leaves out (notes, comments, data of charts); this does not. */
function lostByFormat(compared: readonly Outcome[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(compared, ({ format }) => format)].map(([format, outcomes]) => [
      `words_lost_${format}`,
      round(medianOf(outcomes.map(({ document, expected }) => lostShareOf(document?.text ?? '', expected ?? '')))),
    ]),
  );
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Every file through HTTP: what the pool could read is found by its own words, what it could not is refused alike. */
async function sendAll(outcomes: readonly Outcome[], folder: string, log: (line: string) => void) {
  const server = await startNexus(path.join(folder, 'home'));
  const counts = { sent: 0, sent_and_not_found: 0 };
  try {
    for (const outcome of outcomes) {
      const fault = await sendOne(server, outcome);
      counts.sent += 1;
      if (fault === undefined) continue;
      counts.sent_and_not_found += 1;
      log(`${outcome.name} · end to end · ${fault}`);
    }
    return counts;
  } finally {
    await server.stop();
  }
}

async function sendOne(
  server: NexusProcess,
  { name, file, state, code, document }: Outcome,
): Promise<string | undefined> {
  const query = new URLSearchParams({ filename: path.basename(file), external_id: name });
  const reply = await server.call('POST', `/api/v1/documents?${query}`, readFileSync(file));
  const body = JSON.parse(reply.text) as { id?: string; document_id?: string; code?: string; position?: string };
  if (state === 'failed') return body.code === code ? undefined : `${reply.status} ${body.code} instead of ${code}`;
  if (reply.status >= 300) return `${reply.status} ${body.code}`;
  const words = telling(document?.text ?? '');
  if (words === '') return undefined;
  const found = await search(server, words, body.position);
  return found.includes(body.id ?? body.document_id ?? '')
    ? undefined
    : `not among ${found.length} passages for “${words}”`;
}

/** The longest words from the middle of the text: as good as a name. */
function telling(text: string): string {
  const words = text.slice(Math.floor(text.length / 3)).match(/[\p{L}\p{N}]{3,30}/gu) ?? [];
  return words.slice(0, 12).join(' ');
}

async function search(server: NexusProcess, words: string, position: string | undefined): Promise<string[]> {
  const query = new URLSearchParams({
    query: words,
    limit: '50',
    ...(position === undefined ? {} : { at_least: position }),
  });
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const reply = await server.call('GET', `/api/v1/search?${query}`);
    if (reply.status === 200) {
      const { passages } = JSON.parse(reply.text) as { passages: { document_id: string }[] };
      return passages.map((passage) => passage.document_id);
    }
    await sleep(50);
  }
  return [];
}
