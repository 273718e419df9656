/** Front door of the evaluation: is what we find good. */
export { type EvaluationConfig, evaluationConfig } from './config.ts';
export {
  createEvaluation,
  type Evaluation,
  type EvaluationDependencies,
  type EvaluationProgress,
  type RetrievalReport,
} from './evaluation.ts';
export { formatReport } from './format-report.ts';
