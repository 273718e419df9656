/** Compares the words of a document with labelled examples: how likely is each label. */
import functionWordLists from './data/function-words.json' with { type: 'json' };

export type ScoredLabel = { label: string; probability: number };

/** Likeliest first; all labels together 1. `favours` multiplies the odds of labels that something else speaks for. */
export type LabelScorer = (words: ReadonlyMap<string, number>, favours?: ReadonlyMap<string, number>) => ScoredLabel[];

type Example = { label: string; weights: Map<string, number> };

/** So many of the nearest examples of a label speak for it: one is chance, all would favour the broad labels. */
const nearest = 3;
/** Turns differences of similarity into odds; fitted on the hand-labelled table of the test. */
const sharpness = 22;
/** A text with fewer words that any example has is judged by its fallback in part. */
const enoughWords = 12;

/** Labels with their examples, weighted so that words of many examples say little. */
export function createLabelScorer(
  examples: Readonly<Record<string, readonly string[]>>,
  fallback: string,
): LabelScorer {
  const counted = Object.entries(examples).flatMap(([label, texts]) =>
    texts.map((text) => ({ label, counts: countWords(text) })),
  );
  const rarity = rarityOf(counted.map(({ counts }) => counts));
  const weighted = counted.map(({ label, counts }): Example => ({ label, weights: weigh(counts, rarity) }));
  const labels = [...new Set([...Object.keys(examples), fallback])];
  return (words, favours) => {
    const document = weigh(words, rarity);
    const evidence = Math.min(1, document.size / enoughWords);
    const odds = labels.map((label) => {
      const likeness = Math.exp(sharpness * evidence * scoreOf(document, weighted, label));
      const rest = label === fallback ? (1 - evidence) * labels.length : 0;
      return { label, odds: (likeness + rest) * (favours?.get(label) ?? 1) };
    });
    const sum = odds.reduce((total, one) => total + one.odds, 0);
    return odds
      .map((one) => ({ label: one.label, probability: one.odds / sum }))
      .sort((one, other) => other.probability - one.probability);
  };
}

const functionWords = new Set(functionWordLists.en.split(' '));
const word = /[\p{L}][\p{L}\p{M}\p{N}]+/gu;

/** Lower-case words of two letters and more without the little English ones, with how often they come; plural and possessive endings are left off. */
export function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [found] of text.toLowerCase().matchAll(word)) {
    if (functionWords.has(found)) continue;
    const plain = found.length > 4 && found.endsWith('s') && !found.endsWith('ss') ? found.slice(0, -1) : found;
    counts.set(plain, (counts.get(plain) ?? 0) + 1);
  }
  return counts;
}

function rarityOf(all: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const holders = new Map<string, number>();
  for (const counts of all) for (const key of counts.keys()) holders.set(key, (holders.get(key) ?? 0) + 1);
  return new Map([...holders].map(([key, held]) => [key, Math.log((all.length + 1) / held)]));
}

/** Unit length; words that no example has are left out. */
function weigh(counts: ReadonlyMap<string, number>, rarity: ReadonlyMap<string, number>): Map<string, number> {
  const weights = new Map<string, number>();
  let squares = 0;
  for (const [key, count] of counts) {
    const rare = rarity.get(key);
    if (rare === undefined) continue;
    const weight = (1 + Math.log(count)) * rare;
    weights.set(key, weight);
    squares += weight * weight;
  }
  const length = Math.sqrt(squares);
  for (const [key, weight] of weights) weights.set(key, weight / length);
  return weights;
}

function scoreOf(document: ReadonlyMap<string, number>, examples: readonly Example[], label: string): number {
  const likeness = examples.filter((one) => one.label === label).map(({ weights }) => product(document, weights));
  return likeness
    .sort((one, other) => other - one)
    .slice(0, nearest)
    .reduce((sum, similarity, rank) => sum + similarity / (rank + 1), 0);
}

function product(document: ReadonlyMap<string, number>, example: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [key, weight] of example) sum += weight * (document.get(key) ?? 0);
  return sum;
}
