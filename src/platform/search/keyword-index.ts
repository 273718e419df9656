import type { TextAnalyzer } from './analyze-text.ts';
import { createPostings, frequencyOf, grown, type Postings, slotOf } from './postings.ts';
import { createTopHits } from './top-hits.ts';

/** BM25 over numbered slots. Statistics are those of this index alone. */
export type KeywordIndex = {
  /** The slot must be empty. */
  add(slot: number, title: string, body: string): void;
  remove(slot: number): void;
  search(query: string, limit: number): { slot: number; score: number }[];
  /** Share of the query's terms, weighted by their rarity, that the slots hold together; 0 for a query without terms. */
  coverage(query: string, slots: readonly number[]): number;
};

export type KeywordOptions = {
  analyze: TextAnalyzer;
  /** Goes before at equal score. */
  isBefore: (slot: number, other: number) => boolean;
  /** How fast repetitions of a term stop counting. */
  k1: number;
  /** How much long entries are held back: 0 not at all, 1 in full proportion. */
  b: number;
  /** How often the title's words count against the body's. Whole number. */
  titleWeight: number;
};

/** Rarity as Lucene has it (BM25Similarity.idf): never negative, also for terms that most entries hold. */
function inverseDocumentFrequency(entries: number, holders: number): number {
  return Math.log(1 + (entries - holders + 0.5) / (holders + 0.5));
}

export function createKeywordIndex({ analyze, isBefore, k1, b, titleWeight }: KeywordOptions): KeywordIndex {
  const vocabulary = createVocabulary();
  const postings = createPostings();
  const termsOfSlot: (Uint32Array | undefined)[] = [];
  let lengths: Uint32Array<ArrayBuffer> = new Uint32Array(1024);
  let scores: Float64Array = new Float64Array(1024);
  let entries = 0;
  let totalLength = 0;

  /** A term that no entry holds counts as the rarest that one does; else it would outweigh all others in a small index. */
  const rarity = (term: number | undefined): number =>
    inverseDocumentFrequency(entries, term === undefined ? 1 : postings.count(term));

  return {
    add(slot, title, body) {
      const frequencies = new Map<number, number>();
      for (const [text, weight] of [
        [title, titleWeight],
        [body, 1],
      ] as const) {
        for (const term of analyze(text)) {
          const number = vocabulary.numberFor(term);
          frequencies.set(number, (frequencies.get(number) ?? 0) + weight);
        }
      }
      let length = 0;
      for (const [term, frequency] of frequencies) {
        postings.insert(term, slot, frequency);
        length += frequency;
      }
      if (slot >= lengths.length) lengths = grown(lengths, slot + 1);
      lengths[slot] = length;
      termsOfSlot[slot] = Uint32Array.from(frequencies.keys());
      entries += 1;
      totalLength += length;
    },
    remove(slot) {
      for (const term of termsOfSlot[slot] ?? []) {
        postings.remove(term, slot);
        if (postings.count(term) === 0) vocabulary.forget(term);
      }
      termsOfSlot[slot] = undefined;
      entries -= 1;
      totalLength -= lengths[slot] ?? 0;
      lengths[slot] = 0;
    },
    search(query, limit) {
      if (scores.length < lengths.length) scores = new Float64Array(lengths.length);
      const touched: number[] = [];
      const fixed = k1 * (1 - b);
      const perLength = (k1 * b * entries) / Math.max(totalLength, 1);
      for (const [term, repeats] of repetitions(analyze(query))) {
        const number = vocabulary.find(term);
        if (number === undefined) continue;
        const weight = repeats * rarity(number);
        addScores({ postings, term: number, weight, lengths, scores, touched, fixed, perLength });
      }
      const top = createTopHits(limit, isBefore);
      for (const slot of touched) {
        top.offer(slot, scores[slot] ?? 0);
        scores[slot] = 0;
      }
      return top.take();
    },
    coverage(query, slots) {
      const held = new Set(slots.flatMap((slot) => [...(termsOfSlot[slot] ?? [])]));
      let covered = 0;
      let whole = 0;
      for (const term of new Set(analyze(query))) {
        const number = vocabulary.find(term);
        const weight = rarity(number);
        whole += weight;
        if (number !== undefined && held.has(number)) covered += weight;
      }
      return whole > 0 ? covered / whole : 0;
    },
  };
}

type Scoring = {
  postings: Postings;
  term: number;
  weight: number;
  lengths: Uint32Array;
  /** By slot; a slot that was 0 before is noted in `touched`. */
  scores: Float64Array;
  touched: number[];
  /** The parts of `k1 · (1 − b + b · length / mean length)`. */
  fixed: number;
  perLength: number;
};

/** Adds the term's share to the score of each entry that holds it. */
function addScores({ postings, term, weight, lengths, scores, touched, fixed, perLength }: Scoring): void {
  const { packed } = postings;
  const start = postings.start(term);
  const end = start + postings.count(term);
  for (let at = start; at < end; at += 1) {
    const posting = packed[at] ?? 0;
    const slot = slotOf(posting);
    const frequency = frequencyOf(posting);
    const before = scores[slot] ?? 0;
    if (before === 0) touched.push(slot);
    scores[slot] = before + (weight * frequency) / (frequency + fixed + perLength * (lengths[slot] ?? 0));
  }
}

function repetitions(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

type Vocabulary = {
  find(term: string): number | undefined;
  numberFor(term: string): number;
  forget(number: number): void;
};

/** Terms as dense numbers; the number of a forgotten term goes to the next new one. */
function createVocabulary(): Vocabulary {
  const numbers = new Map<string, number>();
  const terms: string[] = [];
  const free: number[] = [];
  return {
    find: (term: string): number | undefined => numbers.get(term),
    numberFor(term: string): number {
      const known = numbers.get(term);
      if (known !== undefined) return known;
      const number = free.pop() ?? terms.length;
      terms[number] = term;
      numbers.set(term, number);
      return number;
    },
    forget(number: number): void {
      numbers.delete(terms[number] ?? '');
      terms[number] = '';
      free.push(number);
    },
  };
}
