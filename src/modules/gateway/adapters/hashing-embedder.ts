import { abortedError } from '../errors.ts';
import type { Embedder } from '../ports.ts';

const dimensions = 256;
/** Letters and digits, or one sign. */
const tokens = /[\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}\s]/gu;
const words = /[\p{L}\p{M}\p{N}]+/gu;
/** Parts of words let inflected forms and scripts without spaces meet. */
const gramLength = 3;
const gramWeight = 0.3;

/**
 * The last resort when no model is there: words and their three-letter parts are hashed into 256 signed places. Knows
 * spelling, not meaning. Needs no file and no network; the same text gives the same vector everywhere.
 */
export function createHashingEmbedder(): Embedder {
  return {
    space: { provider: 'hashing', model: 'words-and-trigrams', revision: '1', dimensions, normalised: true },
    async embed(texts, signal) {
      if (signal.aborted) throw abortedError(signal);
      return texts.map(toVector);
    },
    countTokens: (text) => text.match(tokens)?.length ?? 0,
  };
}

function toVector(text: string): Float32Array {
  const vector = new Float32Array(dimensions);
  const counts = new Map<string, number>();
  for (const word of text.normalize('NFKC').toLowerCase().match(words) ?? []) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  for (const [word, count] of counts) {
    // The root keeps a word that is everywhere from drowning the rest.
    const weight = Math.sqrt(count);
    addFeature(vector, `w:${word}`, weight);
    const padded = `^${word}$`;
    for (let at = 0; at + gramLength <= padded.length; at += 1) {
      addFeature(vector, `g:${padded.slice(at, at + gramLength)}`, weight * gramWeight);
    }
  }
  const length = Math.sqrt(vector.reduce((squares, value) => squares + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}

function addFeature(vector: Float32Array, feature: string, weight: number): void {
  const hash = fnv1a(feature);
  const place = hash % dimensions;
  const sign = hash & 0x80000000 ? -1 : 1;
  vector[place] = (vector[place] ?? 0) + sign * weight;
}

/** FNV-1a over UTF-16 code units with a final mix, so that the high bit (the sign) depends on every letter. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
