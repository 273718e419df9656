import { describe, expect, test } from 'vitest';
import { signatureLength, signatureOf, similarityOf } from './min-hash.ts';
import { bandsOf } from './min-hash-bands.ts';
import { jaccardOf, shinglesOf } from './shingles.ts';

const empty = new Uint32Array(signatureLength);
const signature = (text: string) => signatureOf(text) ?? empty;

/** Repeatable words: document `number` with some of its 300 words replaced. */
function textOf(number: number, replaced: number): string {
  const words = Array.from({ length: 300 }, (_, place) => `word${(number * 7919 + place * 104_729) % 50_021}`);
  for (let place = 0; place < replaced; place += 1) words[place * 9 + 4] = `other${number}x${place}`;
  return words.join(' ');
}

/** By the words themselves. */
function exact(left: string, right: string): number {
  const setOf = (text: string) => {
    const words = text.split(' ');
    return new Set(words.slice(2).map((_, index) => words.slice(index, index + 3).join(' ')));
  };
  const [one, other] = [setOf(left), setOf(right)];
  const both = [...one].filter((shingle) => other.has(shingle)).length;
  return both / (one.size + other.size - both);
}

describe('shingles', () => {
  test('do not see case, punctuation and spaces', () => {
    expect(shinglesOf('The pump, the VALVE\nand more.')).toEqual(shinglesOf('the pump the valve and more'));
  });

  test('see the order of words', () => {
    expect(jaccardOf(shinglesOf('one two three four'), shinglesOf('four three two one'))).toBe(0);
  });

  test('are of characters where words are written without spaces', () => {
    expect(shinglesOf('東京都庁舎').length).toBe(3);
    expect(jaccardOf(shinglesOf('東京都庁舎'), shinglesOf('東京都庁前'))).toBe(0.5);
  });

  test('give the Jaccard similarity that the words themselves give', () => {
    for (let replaced = 0; replaced < 20; replaced += 1) {
      const [left, right] = [textOf(1, 0), textOf(1, replaced)];
      expect(jaccardOf(shinglesOf(left), shinglesOf(right))).toBeCloseTo(exact(left, right), 10);
    }
  });
});

describe('signatures', () => {
  test('are absent for a text of fewer than three words', () => {
    expect(signatureOf('')).toBeUndefined();
    expect(signatureOf('two words')).toBeUndefined();
    expect(signatureOf('now three words')).toHaveLength(signatureLength);
  });

  test('estimate the similarity without bias and with the error that theory gives', () => {
    const errors: number[] = [];
    for (let number = 0; number < 400; number += 1) {
      const [left, right] = [textOf(number, 0), textOf(number, number % 30)];
      errors.push(similarityOf(signature(left), signature(right)) - exact(left, right));
    }
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const rms = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    expect(Math.abs(mean)).toBeLessThan(0.008);
    expect(rms).toBeLessThan(0.045);
  });

  test('of texts from 0.95 on share a band, and few of different texts do', () => {
    const shares = (left: string, right: string) => {
      const bands = new Set(bandsOf(signature(left)));
      return bandsOf(signature(right)).some((band) => bands.has(band));
    };
    const numbers = Array.from({ length: 2000 }, (_, number) => number);
    const same = numbers.map((number) => [textOf(number, 0), textOf(number, 1 + (number % 2))] as const);
    const alike = same.filter(([left, right]) => exact(left, right) >= 0.95);
    expect(alike.length).toBeGreaterThan(900);
    expect(alike.filter(([left, right]) => shares(left, right)).length / alike.length).toBeGreaterThan(0.999);
    expect(numbers.filter((number) => shares(textOf(number, 0), textOf(number + 1, 0)))).toEqual([]);
  });
});
