import type { Gateway } from '#modules/gateway/index.ts';
import type { Evidence } from './ports.ts';
import { termsOf } from './read-statement.ts';
import type { PreparedEvidence } from './score-support.ts';
import { splitEvidence } from './split-evidence.ts';
import { weighTerms } from './weigh-terms.ts';

/** Takes passages apart and embeds them with `texts` in one go: a remote embedder is asked once per answer. */
export async function prepareEvidence(
  texts: readonly string[],
  evidence: readonly Evidence[],
  gateway: Pick<Gateway, 'embed'>,
  signal: AbortSignal,
): Promise<{ own: Float32Array[]; prepared: PreparedEvidence }> {
  const sentences = await splitEvidence(evidence);
  const vectors = await gateway.embed([...texts, ...sentences.map(({ text }) => text)], signal);
  const prepared = {
    evidence,
    contexts: evidence.map(({ context }) => termsOf(context)),
    sentences,
    vectors: vectors.slice(texts.length),
    weightOf: weighTerms(sentences),
  };
  return { own: vectors.slice(0, texts.length), prepared };
}
