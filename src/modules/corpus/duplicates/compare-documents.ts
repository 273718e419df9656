/** Which of two documents that may say the same do: by the hash of the text, else by exact Jaccard of the shingles. */

import { nextTurn } from '#platform/pace.ts';
import { signatureLength, similarityOf } from '#platform/text/min-hash.ts';
import { bandsOf } from '#platform/text/min-hash-bands.ts';
import { jaccardOf, type Shingles, shinglesOf } from '#platform/text/shingles.ts';
import type { CorpusTransaction } from '../store.ts';
import { type ComparedRow, readTexts } from './store.ts';

/** From here on two texts are the same text (spec: ingestion, de-duplicate). */
export const sameTextSimilarity = 0.95;

/** Five standard deviations of the estimate below: a pair under it is not the same text in all but 1 of 10⁶ cases. */
const worthComparing = 0.85;
/** Most originals whose text is read for one document, the likeliest first. */
const mostComparisons = 50;
/** Longer texts are compared by their signatures alone, in UTF-16 code units. */
const longestComparedText = 1_000_000;
/** Originals read for one document, together; those beyond are compared by their signatures alone. A second's work. */
const mostComparedCharacters = 4_000_000;
/** After a text of this length others have a turn: the transaction waits, the process does not. */
const longText = 100_000;
/** Shingles remembered in one transaction; 8 bytes each. */
const mostRememberedShingles = 4_000_000;

export type Compared = {
  id: string;
  textHash: string | undefined;
  characters: number;
  signature: Uint32Array | undefined;
  bands: readonly bigint[];
};

export type Match = { original: Compared; similarity: number };

export function toCompared({ id, textHash, characters, signature: bytes }: ComparedRow): Compared {
  const signature = bytes === null ? undefined : fromSignatureBytes(bytes);
  return {
    id,
    textHash: textHash ?? undefined,
    characters,
    signature,
    bands: signature === undefined ? [] : bandsOf(signature),
  };
}

export function toSignatureBytes(signature: Uint32Array): Buffer {
  const bytes = Buffer.allocUnsafe(signatureLength * 4);
  for (let index = 0; index < signatureLength; index += 1) bytes.writeUInt32LE(signature[index] ?? 0, index * 4);
  return bytes;
}

function fromSignatureBytes(bytes: Buffer): Uint32Array {
  return Uint32Array.from({ length: signatureLength }, (_, index) => bytes.readUInt32LE(index * 4));
}

/** Compares within one transaction. `known` gives the texts that are in memory. */
export function createComparer(transaction: CorpusTransaction, known: ReadonlyMap<string, string>) {
  const shingles = new Map<string, Shingles>();
  let remembered = 0;

  async function remember(id: string, text: string): Promise<void> {
    const set = shinglesOf(text);
    remembered += set.length;
    shingles.set(id, set);
    if (text.length >= longText) await nextTurn();
  }

  async function prepare(ids: readonly string[]): Promise<void> {
    if (remembered > mostRememberedShingles) {
      shingles.clear();
      remembered = 0;
    }
    const missing = ids.filter((id) => !shingles.has(id));
    for (const id of missing) {
      const text = known.get(id);
      if (text !== undefined) await remember(id, text);
    }
    const unknown = missing.filter((id) => !known.has(id));
    if (unknown.length === 0) return;
    for (const { id, text } of await readTexts(transaction, unknown)) await remember(id, text);
  }

  /** Those of the candidates that are the same text as the document. */
  return async (document: Compared, candidates: Iterable<Compared>): Promise<Match[]> => {
    const same: Match[] = [];
    const near: Match[] = [];
    for (const original of candidates) {
      if (isSameHash(document, original)) same.push({ original, similarity: 1 });
      else near.push({ original, similarity: estimate(document, original) });
    }
    const likely = near
      .filter(({ similarity }) => similarity >= worthComparing)
      .sort((left, right) => right.similarity - left.similarity)
      .slice(0, mostComparisons);
    const readable = isShort(document) ? fewEnough(likely.filter(({ original }) => isShort(original))) : [];
    if (readable.length > 0) await prepare([document.id, ...readable.map(({ original }) => original.id)]);
    for (const match of likely) {
      const similarity = exactSimilarity(document.id, match.original.id) ?? match.similarity;
      if (similarity >= sameTextSimilarity) same.push({ original: match.original, similarity });
    }
    return same;
  };

  function exactSimilarity(left: string, right: string): number | undefined {
    const [one, other] = [shingles.get(left), shingles.get(right)];
    return one === undefined || other === undefined ? undefined : jaccardOf(one, other);
  }
}

function isSameHash(left: Compared, right: Compared): boolean {
  return left.textHash !== undefined && left.textHash === right.textHash;
}

function estimate(left: Compared, right: Compared): number {
  return left.signature === undefined || right.signature === undefined
    ? 0
    : similarityOf(left.signature, right.signature);
}

/** From the first on, as many as may be read for one document. */
function fewEnough(matches: readonly Match[]): Match[] {
  let characters = 0;
  return matches.filter(({ original }) => {
    characters += original.characters;
    return characters <= mostComparedCharacters;
  });
}

const isShort = ({ characters }: Compared) => characters <= longestComparedText;
