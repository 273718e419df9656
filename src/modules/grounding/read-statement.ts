/** What of a sentence must be found in a passage that supports it: content words, numbers, and whether it denies. */
import { createTextAnalyzer } from '#platform/search/analyze-text.ts';

export type Statement = {
  /** Stemmed content words, each once. */
  terms: ReadonlySet<string>;
  /** Numbers in one spelling: `1,250.50` and `1250.5` are equal. */
  numbers: ReadonlySet<string>;
  /** Terms of names: words of letters with a capital inside a sentence. */
  names: ReadonlySet<string>;
  negated: boolean;
};

const analyze = createTextAnalyzer();

const citationMark = /\[\d{1,3}\]/g;
const listMarker = /^\s*(?:[-*+•]|\d{1,3}[.)])\s+/;
const number = /(?<![\p{L}\p{N}.,])\p{Nd}[\p{Nd},]*(?:\.\p{Nd}+)?(?![\p{L}\p{Nd}])/gu;
const negation = /\b(?:not|no|never|none|nobody|nothing|neither|nor|cannot|without|unable)\b|n['’]t\b/i;
/** Not the first word of a sentence, which has its capital for another reason; not `Q1` or `10-Q`. */
const name = /(?<!^|[.?!:]\s+)(?<![\p{L}\p{N}-])\p{Lu}\p{L}[\p{L}\p{N}'’-]*/gu;

const numberWords = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];
const numberOfWord = new Map(numberWords.map((word, value) => [word, String(value)]));

export function readStatement(text: string): Statement {
  const bare = text.replace(citationMark, ' ').replace(listMarker, '').trim();
  return {
    terms: termsOf(bare),
    numbers: new Set([...bare.matchAll(number)].map(([digits]) => canonicalNumber(digits))),
    names: termsOf([...bare.matchAll(name)].map(([word]) => word).join(' ')),
    negated: negation.test(bare),
  };
}

/** Stemmed content words of a text, each once. */
export function termsOf(text: string): Set<string> {
  return new Set(analyze(text));
}

/** Every number that a passage holds, also the small ones written as words. */
export function numbersIn(text: string): Set<string> {
  const found = new Set([...text.matchAll(number)].map(([digits]) => canonicalNumber(digits)));
  for (const word of text.toLowerCase().match(/\b[a-z]{3,6}\b/g) ?? []) {
    const value = numberOfWord.get(word);
    if (value !== undefined) found.add(value);
  }
  return found;
}

function canonicalNumber(digits: string): string {
  const plain = digits.replaceAll(',', '');
  return plain.includes('.') ? plain.replace(/0+$/, '').replace(/\.$/, '') : plain.replace(/^0+(?=.)/, '');
}
