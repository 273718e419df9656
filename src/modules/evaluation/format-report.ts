import { alignColumns } from './align-columns.ts';
import type { Interval } from './bootstrap.ts';
import { legNames, type RetrievalReport } from './evaluation.ts';
import { measureNames } from './measure-ranking.ts';

const rowTitles = { keyword: 'keyword (BM25)', vector: 'vector', fused: 'fused' } as const;

/** A plain table for people, ending in a line break. */
export function formatReport(report: RetrievalReport): string {
  const { counts, tookMs } = report;
  const rows = [
    ['', ...measureNames],
    ...legNames.map((leg) => [rowTitles[leg], ...measureNames.map((name) => formatInterval(report.legs[leg][name]))]),
    ['fused − better leg', ...measureNames.map((name) => formatInterval(report.fusedMinusBetterLeg[name], true))],
    ['better leg', ...measureNames.map((name) => report.fusedMinusBetterLeg[name].betterLeg)],
  ];
  return [
    `${count(counts.entries, 'entry', 'entries')}, ${count(counts.queries, 'judged query', 'judged queries')}, embedded by ${report.embeddingModel}`,
    '',
    ...alignColumns(rows),
    '',
    `Mean [95 % interval], bootstrap over queries, ${report.resamples} resamples, seed ${report.seed}.`,
    ...warnings(counts),
    `Took ${seconds(tookMs.total)} s: reading ${seconds(tookMs.read)}, embedding and indexing ${seconds(tookMs.index)}, ranking ${seconds(tookMs.rank)}.`,
    '',
  ].join('\n');
}

function warnings({ unjudgedQueries, unknownQueries, unknownEntries }: RetrievalReport['counts']): string[] {
  const lines: string[] = [];
  const warn = (number: number, one: string, many: string): void => {
    if (number > 0) lines.push(count(number, one, many));
  };
  warn(
    unjudgedQueries,
    'query has no relevant entry and was left out.',
    'queries have no relevant entry and were left out.',
  );
  warn(
    unknownQueries,
    'judgement names an unknown query and was left out.',
    'judgements name an unknown query and were left out.',
  );
  warn(
    unknownEntries,
    'judgement names an unknown entry and counts as not found.',
    'judgements name an unknown entry and count as not found.',
  );
  return lines;
}

function formatInterval({ mean, low, high }: Interval, signed = false): string {
  const number = (value: number): string => `${signed && value >= 0 ? '+' : ''}${value.toFixed(3)}`;
  return `${number(mean)} [${number(low)}, ${number(high)}]`;
}

function count(number: number, one: string, many: string): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
