import { stemmer } from 'stemmer';
import { detached, rememberWords } from '../text/remember-words.ts';
import { stopWords } from './stop-words.ts';

/** From text to the terms that are indexed and searched, in order, repetitions kept. */
export type TextAnalyzer = (text: string) => string[];

/** Words longer than this are cut: they are hashes and encodings, not language. In UTF-16 code units. */
const longestWord = 64;
/** Words remembered with their terms, in each of two generations: about 10 MB at most. */
const memoSize = 30_000;

/** Letters, digits and marks; apostrophes between letters, full stops and commas between digits. */
const words = /[\p{L}\p{M}\p{N}]+(?:['’](?=\p{L})[\p{L}\p{M}\p{N}]+|(?<=\p{N})[.,](?=\p{N})[\p{L}\p{M}\p{N}]+)*/gu;
const unspacedScript =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}ー';
const hasUnspaced = new RegExp(`[${unspacedScript}]`, 'u');
const runs = new RegExp(`[${unspacedScript}\\p{M}]+|[^${unspacedScript}]+`, 'gu');
const latin = /^[\p{Script=Latin}\p{M}'’\p{N}]+$/u;
const english = /^[a-z]{3,}$/;
const accents = /[\u0300-\u036f]/g;

/**
 * NFKC, lower case, Unicode words; Latin accents folded, English possessives and stop words dropped, Porter stems.
 * Scripts that are written without spaces give overlapping pairs of characters (bigrams), a lone one itself.
 */
export function createTextAnalyzer(): TextAnalyzer {
  const termsOf = rememberWords(memoSize, (word): readonly string[] => toTerms(word).map(detached));
  return (text) => {
    const terms: string[] = [];
    const plain = text.normalize('NFKC').toLowerCase();
    for (const word of plain.match(words) ?? []) {
      for (const term of termsOf(word.length > longestWord ? word.slice(0, longestWord).toWellFormed() : word))
        terms.push(term);
    }
    return terms;
  };
}

function toTerms(word: string): string[] {
  if (!hasUnspaced.test(word)) return toTerm(word);
  return (word.match(runs) ?? []).flatMap((run) => (hasUnspaced.test(run) ? toBigrams(run) : toTerm(run)));
}

function toBigrams(run: string): string[] {
  const characters = [...run];
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

function toTerm(word: string): string[] {
  const folded = latin.test(word) ? word.normalize('NFD').replace(accents, '').normalize('NFC') : word;
  const bare = folded.replace(/['’]s$/, '').replace(/['’]/g, '');
  if (bare === '' || stopWords.has(folded) || stopWords.has(bare)) return [];
  return [english.test(bare) ? stemmer(bare) : bare];
}
