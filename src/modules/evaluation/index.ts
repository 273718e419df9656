/** Front door of the evaluation: is what we find good. */

export { formatChunkingReport } from './chunking/format-chunking-report.ts';
export { type ChunkingEvaluation, type ChunkingReport, createChunkingEvaluation } from './chunking/measure-chunking.ts';
export type { Chunker } from './chunking/ports.ts';
export type { EvaluationConfig } from './config.ts';
export {
  createEvaluation,
  type Evaluation,
  type EvaluationDependencies,
  type EvaluationProgress,
  type RetrievalReport,
} from './evaluation.ts';
export { formatReport } from './format-report.ts';
