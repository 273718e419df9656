import type { Gateway } from '#modules/gateway/index.ts';
import { assert } from '#platform/errors.ts';
import { judgeAnswerability, ruleFor } from './judge-answerability.ts';
import type { Answerability, Evidence, Support } from './ports.ts';
import { prepareEvidence } from './prepare-evidence.ts';
import { partsOf } from './read-question.ts';
import { scoreSupport } from './score-support.ts';

/** Whether passages support what is said, by words, numbers, negation and meaning; no language model is asked. */
export type Grounding = {
  /** How well the passages support each sentence, in order. Throws what the embedder throws. */
  supportOf(sentences: readonly string[], evidence: readonly Evidence[], signal: AbortSignal): Promise<Support[]>;
  /**
   * Whether the passages, best first, can answer the question, and their sentences ranked as answers. `confidence` is
   * retrieval's own, in [0, 1].
   */
  answerability(
    question: string,
    evidence: readonly Evidence[],
    confidence: number,
    signal: AbortSignal,
  ): Promise<Answerability>;
};

export type GroundingDependencies = { gateway: Pick<Gateway, 'embed' | 'embeddingSpace'> };

export function createGrounding({ gateway }: GroundingDependencies): Grounding {
  return {
    async supportOf(sentences, evidence, signal) {
      if (sentences.length === 0) return [];
      const { own, prepared } = await prepareEvidence(sentences, evidence, gateway, signal);
      return sentences.map((sentence, index) => scoreSupport(sentence, own[index], prepared));
    },
    async answerability(question, evidence, confidence, signal) {
      if (evidence.length === 0) return { answerable: false, score: 0, candidates: [] };
      const parts = partsOf(question);
      const texts = parts.length > 1 ? [question, ...parts] : [question];
      const { own, prepared } = await prepareEvidence(texts, evidence, gateway, signal);
      const [asked, ...further] = texts.map((text, at) => ({ text, vector: own[at] }));
      assert(asked !== undefined, 'The question is its own first text.');
      const rule = ruleFor(gateway.embeddingSpace.provider);
      return judgeAnswerability(asked, further, { confidence, rule }, prepared);
    },
  };
}
