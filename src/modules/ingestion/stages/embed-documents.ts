/** Vectors for the chunks of many documents in as few calls as they need; what was embedded before is not embedded again. */
import type { Corpus } from '#modules/corpus/index.ts';
import { createPace } from '#platform/pace.ts';
import { toEmbeddingText } from '../embedding-text.ts';
import { hashOfText } from './hash-content.ts';
import type { Prepared, StageDependencies } from './prepare-document.ts';
import { timeStage } from './time-stage.ts';

export type EmbedDependencies = Pick<StageDependencies, 'gateway' | 'clock' | 'config' | 'onStep' | 'onStage'> & {
  corpus: Pick<Corpus, 'findVectors'>;
};

/** Most texts whose vectors are looked up at once. */
const textsPerLookup = 500;

/**
 * For each document its vectors, in the order of its chunks. `organizationId` undefined: nothing is looked up, as for a
 * new document that somebody waits for. Throws what the gateway throws.
 */
export async function embedDocuments(
  organizationId: string | undefined,
  documents: readonly Prepared[],
  dependencies: EmbedDependencies,
  signal: AbortSignal,
): Promise<Float32Array[][]> {
  const textOf = new Map<string, string>();
  const hashes: string[][] = [];
  const pace = createPace(dependencies.clock);
  for (const { finalTitle, chunks } of documents) {
    const own: string[] = [];
    for (const chunk of chunks) {
      const text = toEmbeddingText(finalTitle, chunk);
      const hash = hashOfText(text);
      textOf.set(hash, text);
      own.push(hash);
      await pace.breathe();
    }
    hashes.push(own);
  }
  const vectors = new Map<string, Float32Array>();
  const embed = async (): Promise<void> => {
    if (organizationId !== undefined) await findKnown(organizationId, [...textOf.keys()], dependencies, vectors);
    await embedMissing(textOf, dependencies, signal, vectors);
  };
  if (documents.length > 0) await timeStage(dependencies, { stage: 'embed', documents: documents.length }, embed);
  await dependencies.onStep(
    'embedded',
    documents.map(({ externalId }) => externalId),
  );
  return hashes.map((own) => own.flatMap((hash) => vectors.get(hash) ?? []));
}

async function findKnown(
  organizationId: string,
  hashes: readonly string[],
  { corpus }: EmbedDependencies,
  vectors: Map<string, Float32Array>,
): Promise<void> {
  for (let start = 0; start < hashes.length; start += textsPerLookup) {
    const found = await corpus.findVectors(organizationId, hashes.slice(start, start + textsPerLookup));
    for (const [hash, vector] of found) vectors.set(hash, vector);
  }
}

async function embedMissing(
  textOf: ReadonlyMap<string, string>,
  { gateway, clock, config }: EmbedDependencies,
  signal: AbortSignal,
  vectors: Map<string, Float32Array>,
): Promise<void> {
  const missing = [...textOf].filter(([hash]) => !vectors.has(hash));
  const pace = createPace(clock);
  for (let start = 0; start < missing.length; start += config.embedBatch) {
    const batch = missing.slice(start, start + config.embedBatch);
    const embedded = await gateway.embed(
      batch.map(([, text]) => text),
      signal,
    );
    for (const [index, vector] of embedded.entries()) vectors.set(batch[index]?.[0] ?? '', vector);
    await pace.breathe();
    signal.throwIfAborted();
  }
}
