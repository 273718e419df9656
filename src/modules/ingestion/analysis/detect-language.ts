/** In which language a text is written: by its script, by its little words, and by its letters where these are few. */
import { detectAll } from 'tinyld';
import functionWordLists from './data/function-words.json' with { type: 'json' };
import { takeSample } from './take-sample.ts';

/** What is answered when it cannot be told. */
export const unknownLanguage = 'und';

/** Enough for any language to show itself, and read in about a millisecond. */
const sampleCharacters = 3_000;

const languagesOf = new Map<string, string[]>();
for (const [language, words] of Object.entries(functionWordLists))
  for (const word of words.split(' ')) languagesOf.set(word, [...(languagesOf.get(word) ?? []), language]);

/** Scripts that one language is by far the likeliest to use. Han comes after kana, which Japanese mixes it with. */
const scripts: readonly (readonly [string, RegExp])[] = [
  ['ja', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['ko', /\p{Script=Hangul}/gu],
  ['zh', /\p{Script=Han}/gu],
  ['th', /\p{Script=Thai}/gu],
  ['el', /\p{Script=Greek}/gu],
  ['he', /\p{Script=Hebrew}/gu],
  ['hy', /\p{Script=Armenian}/gu],
  ['ka', /\p{Script=Georgian}/gu],
  ['ta', /\p{Script=Tamil}/gu],
  ['te', /\p{Script=Telugu}/gu],
  ['bn', /\p{Script=Bengali}/gu],
  ['km', /\p{Script=Khmer}/gu],
  ['my', /\p{Script=Myanmar}/gu],
];
/** Of all letters. Japanese needs less: a text may be mostly Han. */
const scriptShare = 0.35;
const kanaShare = 0.08;

/** Scripts that several languages share are told apart by tinyld, among these. */
const sharedScripts: readonly (readonly [RegExp, string[]])[] = [
  [/\p{Script=Cyrillic}/gu, ['ru', 'uk', 'bg', 'sr', 'be', 'mk', 'kk']],
  [/\p{Script=Arabic}/gu, ['ar', 'fa', 'ur']],
  [/\p{Script=Devanagari}/gu, ['hi', 'mr']],
];
const latinLanguages = [...Object.keys(functionWordLists), 'ca', 'lt', 'lv', 'et', 'hr', 'sk', 'is', 'af', 'tl', 'la'];

/** ISO 639-1, or `und` when unsure. Never throws; time does not grow with the length. */
export function detectLanguage(text: string): string {
  const sample = takeSample(text, sampleCharacters);
  const prose = sample.replaceAll(/https?:\S+|\S+@\S+|```|[`*_#|<>{}()[\]=;]/g, ' ').toLowerCase();
  const letters = count(prose, /\p{L}/gu);
  if (letters < 2) return unknownLanguage;
  return (
    byScript(prose, letters) ?? bySharedScript(prose, letters) ?? byFunctionWords(prose) ?? byLetters(prose, letters)
  );
}

function byScript(prose: string, letters: number): string | undefined {
  for (const [language, script] of scripts)
    if (count(prose, script) >= letters * (language === 'ja' ? kanaShare : scriptShare)) return language;
  return undefined;
}

function bySharedScript(prose: string, letters: number): string | undefined {
  for (const [script, only] of sharedScripts)
    if (count(prose, script) >= letters * scriptShare) return detectAll(prose, { only })[0]?.lang ?? unknownLanguage;
  return undefined;
}

/** Of all words; running text has 30 % and more, lists and tables less. */
const functionWordShare = 0.08;
const leastFunctionWords = 2;
/** How far ahead of the next language. A word of several languages counts a part for each. */
const lead = 1.25;

function byFunctionWords(prose: string): string | undefined {
  const words = prose.match(/\p{L}+/gu) ?? [];
  const votes = new Map<string, number>();
  for (const word of words) {
    const languages = languagesOf.get(word) ?? [];
    for (const language of languages) votes.set(language, (votes.get(language) ?? 0) + 1 / Math.sqrt(languages.length));
  }
  const [first, second] = [...votes].sort(([, one], [, other]) => other - one);
  if (first === undefined || first[1] < Math.max(leastFunctionWords, words.length * functionWordShare))
    return undefined;
  return first[1] >= lead * (second?.[1] ?? 0) ? first[0] : undefined;
}

const leastLetters = 12;
const leastAccuracy = 0.3;
const accuracyLead = 1.5;

function byLetters(prose: string, letters: number): string {
  if (letters < leastLetters) return unknownLanguage;
  const [first, second] = detectAll(prose, { only: latinLanguages });
  const isSure =
    first !== undefined && first.accuracy >= leastAccuracy && first.accuracy >= accuracyLead * (second?.accuracy ?? 0);
  return isSure ? first.lang : unknownLanguage;
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;
