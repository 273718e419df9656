import { alignColumns } from '../align-columns.ts';
import type { ChunkerReport, ChunkingReport } from './measure-chunking.ts';

/** A plain table for people, ending in a line break. */
export function formatChunkingReport(report: ChunkingReport): string {
  const title = ['chunker', 'corpus', 'questions', 'read', 'tokens', 'recall', 'precision', 'IoU'];
  const rows = report.chunkers.flatMap(toRows);
  return [
    `${report.questions} questions on ${report.documents} texts in one index, embedded by ${report.embeddingModel}`,
    '',
    ...report.chunkers.map(
      ({ chunker, chunks, meanTokens }) => `${chunker}: ${chunks} chunks of ${meanTokens.toFixed(0)} tokens on average`,
    ),
    '',
    ...alignColumns([title, ...rows]),
    '',
    'Means over questions, in characters: recall is the share of the reference that was read, precision the share of what',
    'was read that is reference, IoU their intersection over their union. `read` is how much of the ranking: no text twice,',
    'the last chunk cut at a sentence where the tokens end.',
    ...(report.unknownReferences > 0
      ? [`${report.unknownReferences} references are not in the texts and count as not found.`]
      : []),
    `Took ${(report.tookMs / 1_000).toFixed(1)} s.`,
    '',
  ].join('\n');
}

function toRows({ chunker, scores }: ChunkerReport): string[][] {
  return scores.map(({ corpus, questions, reading, readTokens, values: { recall, precision, iou } }) => [
    chunker,
    corpus,
    String(questions),
    reading,
    readTokens.toFixed(0),
    ...[recall, precision, iou].map((value) => value.toFixed(3)),
  ]);
}
