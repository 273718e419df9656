/** Front door of grounding: is a sentence supported by its passages, and can passages answer a question. */
export { createGrounding, type Grounding, type GroundingDependencies } from './grounding.ts';
export type { Answerability, AnswerCandidate, Evidence, EvidenceSpan, Support } from './ports.ts';
