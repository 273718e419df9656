/** Lines of a benchmark in the layout of BEIR. Pure; the caller knows file and line number. */
import { z } from 'zod';
import type { BenchmarkEntry, BenchmarkQuery, Judgement } from './ports.ts';

const id = z.union([z.string().min(1), z.number()]).transform(String);
const entryLine = z.object({ _id: id, title: z.string().nullish(), text: z.string() });
const queryLine = z.object({ _id: id, text: z.string().min(1) });
const grade = /^-?\d+(?:\.\d+)?$/;

/** One line of `corpus.jsonl`. Throws an Error that says what is wrong. */
export function parseEntry(line: string): BenchmarkEntry {
  const { _id, title, text } = parseJson(line, entryLine);
  return { id: _id, title: title ?? '', text };
}

/** One line of `queries.jsonl`. Throws an Error that says what is wrong. */
export function parseQuery(line: string): BenchmarkQuery {
  const { _id, text } = parseJson(line, queryLine);
  return { id: _id, text };
}

/** One line of `qrels.tsv`; undefined for a heading, which only the first line can be. Throws an Error. */
export function parseJudgement(line: string, isFirst: boolean): Judgement | undefined {
  const [queryId, entryId, score, ...rest] = line.split('\t').map((field) => field.trim());
  if (queryId === undefined || queryId === '' || entryId === undefined || entryId === '' || rest.length > 0) {
    throw new Error('it must be a query id, an entry id and a grade, divided by tabs');
  }
  if (score !== undefined && grade.test(score)) return { queryId, entryId, grade: Number(score) };
  if (isFirst) return undefined;
  throw new Error('its third field must be a number');
}

function parseJson<Line>(line: string, schema: z.ZodType<Line>): Line {
  const parsed = schema.safeParse(JSON.parse(line));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`\`${issue?.path.join('.') ?? ''}\`: ${issue?.message ?? 'not as expected'}`);
}
