/**
 * A text as the set of its 3-shingles of words, which is what two texts are compared by. Words are runs of letters and
 * digits in lower case; in scripts that write without spaces each character counts as a word. Spaces, punctuation and
 * case do not count.
 */

/** Consecutive words in one shingle. */
const shingleWords = 3;

const separator = 0;
const partOfWord = 1;
const wordOfItsOwn = 2;

type Alphabet = { kinds: Uint8Array; lower: Uint16Array };
let alphabet: Alphabet | undefined;

/** What each UTF-16 code unit is. Halves of surrogate pairs are letters. */
function alphabetOf(): Alphabet {
  if (alphabet !== undefined) return alphabet;
  const kinds = new Uint8Array(65_536);
  const lower = new Uint16Array(65_536);
  for (let unit = 0; unit < 65_536; unit += 1) {
    const character = String.fromCharCode(unit);
    const lowered = character.toLowerCase();
    lower[unit] = lowered.length === 1 ? lowered.charCodeAt(0) : unit;
    kinds[unit] = kindOf(character, unit);
  }
  alphabet = { kinds, lower };
  return alphabet;
}

const spaceless =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

function kindOf(character: string, unit: number): number {
  if (unit >= 0xd800 && unit <= 0xdfff) return partOfWord;
  if (!/[\p{L}\p{N}\p{M}]/u.test(character)) return separator;
  return spaceless.test(character) ? wordOfItsOwn : partOfWord;
}

/** FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/. */
const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

/** Calls back with one 32-bit hash for each word, in their order. */
function forEachWord(text: string, onWord: (hash: number) => void): void {
  const { kinds, lower } = alphabetOf();
  let hash = fnvOffset;
  let isInWord = false;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const kind = kinds[unit];
    if (kind === partOfWord) {
      hash = Math.imul(hash ^ (lower[unit] ?? unit), fnvPrime);
      isInWord = true;
      continue;
    }
    if (isInWord) onWord(hash);
    if (kind === wordOfItsOwn) onWord(Math.imul(fnvOffset ^ unit, fnvPrime));
    hash = fnvOffset;
    isInWord = false;
  }
  if (isInWord) onWord(hash);
}

/** The finaliser of MurmurHash3 (Austin Appleby, public domain): each bit of the input moves each bit of the output. */
export function mixBits(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}

const firstCapacity = 1024;

/** One 32-bit hash for each place where a shingle begins; one that occurs again is there again. */
export function shingleHashes(text: string): Int32Array {
  let hashes = new Int32Array(Math.min(firstCapacity, text.length + 1));
  let count = 0;
  let words = 0;
  let before = 0;
  let beforeThat = 0;
  forEachWord(text, (word) => {
    words += 1;
    if (words >= shingleWords) {
      if (count === hashes.length) {
        const larger = new Int32Array(hashes.length * 2);
        larger.set(hashes);
        hashes = larger;
      }
      hashes[count] = mixBits(Math.imul(mixBits(Math.imul(mixBits(beforeThat), 31) + before), 31) + word);
      count += 1;
    }
    beforeThat = before;
    before = word;
  });
  return hashes.subarray(0, count);
}

/** The set of a text's shingles, sorted. A word stands by 32 bits of hash, a shingle by 53 made of its three words. */
export type Shingles = Float64Array;

const twoToThe21 = 2_097_152;

export function shinglesOf(text: string): Shingles {
  const words: number[] = [];
  forEachWord(text, (word) => words.push(word));
  const count = Math.max(0, words.length - shingleWords + 1);
  const all = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    let high = 0;
    let low = 0x9e3779b9;
    for (let word = index; word < index + shingleWords; word += 1) {
      high = mixBits(Math.imul(high, 31) + (words[word] ?? 0));
      low = mixBits(Math.imul(low, 37) ^ (words[word] ?? 0));
    }
    all[index] = (high >>> 0) * twoToThe21 + (low >>> 11);
  }
  all.sort();
  let kept = 0;
  for (const shingle of all) {
    if (kept > 0 && all[kept - 1] === shingle) continue;
    all[kept] = shingle;
    kept += 1;
  }
  return all.subarray(0, kept);
}

/** Shingles of both over shingles of either, [0, 1]; 1 for two empty sets. */
export function jaccardOf(left: Shingles, right: Shingles): number {
  let both = 0;
  let inLeft = 0;
  let inRight = 0;
  while (inLeft < left.length && inRight < right.length) {
    const one = left[inLeft] ?? 0;
    const other = right[inRight] ?? 0;
    if (one === other) both += 1;
    if (one <= other) inLeft += 1;
    if (other <= one) inRight += 1;
  }
  const either = left.length + right.length - both;
  return either === 0 ? 1 : both / either;
}
