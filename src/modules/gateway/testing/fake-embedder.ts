import { createHash } from 'node:crypto';
import type { Embedder } from '../ports.ts';

/** Bag-of-words vectors without a model file: equal words give near texts, and nothing else does. */
export function createFakeEmbedder(dimensions = 64): Embedder {
  const embedOne = (text: string): Float32Array => {
    const vector = new Float32Array(dimensions);
    for (const word of text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? []) {
      const place = createHash('sha1').update(word).digest().readUInt16LE(0) % dimensions;
      vector[place] = (vector[place] ?? 0) + 1;
    }
    const length = Math.hypot(...vector);
    return length === 0 ? vector : vector.map((value) => value / length);
  };
  return {
    space: { provider: 'fake', model: 'words', revision: '1', dimensions, normalised: true },
    embed: async (texts) => texts.map(embedOne),
    countTokens: (text) => text.match(/\S+/g)?.length ?? 0,
  };
}
