/**
 * MinHash (Broder, "On the resemblance and containment of documents", 1997): how alike two texts are, from 512 bytes of
 * each. Each of the 128 permutations is `a·x + b mod 2³²` with odd `a` (multiply-shift, Dietzfelbinger et al. 1997) over
 * hashes that are well mixed before; `a` and `b` are the first outputs of SplitMix64 (Steele et al. 2014) from seed 0.
 */
import { shingleHashes } from './shingles.ts';

export const signatureLength = 128;
const signBit = 0x80000000;

const { multipliers, offsets } = permutations();

/** The signature of a text's set of 3-shingles of words; undefined for a text without one. */
export function signatureOf(text: string): Uint32Array | undefined {
  const hashes = shingleHashes(text);
  if (hashes.length === 0) return undefined;
  const signature = new Uint32Array(signatureLength);
  for (let permutation = 0; permutation < signatureLength; permutation += 1) {
    signature[permutation] = smallestOf(hashes, multipliers[permutation] ?? 1, offsets[permutation] ?? 0) ^ signBit;
  }
  return signature;
}

/** Compares as signed numbers, which is an order as good as any and the fast one. */
function smallestOf(hashes: Int32Array, multiplier: number, offset: number): number {
  let smallest = 0x7fffffff;
  for (let index = 0; index < hashes.length; index += 1) {
    const permuted = (Math.imul(multiplier, hashes[index] ?? 0) + offset) | 0;
    if (permuted < smallest) smallest = permuted;
  }
  return smallest;
}

/** Expected to be the Jaccard similarity of the two sets; its standard deviation is √(j(1-j)/128), at most 0.045. */
export function similarityOf(left: Uint32Array, right: Uint32Array): number {
  let same = 0;
  for (let index = 0; index < signatureLength; index += 1) if (left[index] === right[index]) same += 1;
  return same / signatureLength;
}

function permutations(): { multipliers: Int32Array; offsets: Int32Array } {
  const multipliers = new Int32Array(signatureLength);
  const offsets = new Int32Array(signatureLength);
  let state = 0n;
  for (let index = 0; index < signatureLength; index += 1) {
    state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
    const output = splitMix(state);
    multipliers[index] = Number(BigInt.asIntN(32, output)) | 1;
    offsets[index] = Number(BigInt.asIntN(32, output >> 32n));
  }
  return { multipliers, offsets };
}

function splitMix(state: bigint): bigint {
  const first = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n);
  const second = BigInt.asUintN(64, (first ^ (first >> 27n)) * 0x94d049bb133111ebn);
  return second ^ (second >> 31n);
}
