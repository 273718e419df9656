import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTextAnalyzer } from './analyze-text.ts';

const analyze = createTextAnalyzer();

describe('createTextAnalyzer', () => {
  it.each([
    ['stems and lower-cases English', 'Running Dogs connected', ['run', 'dog', 'connect']],
    ['drops stop words', 'what is the meaning of it', ['mean']],
    ['drops the possessive', "the dog's tail, the dog’s tail", ['dog', 'tail', 'dog', 'tail']],
    ['keeps decimals and splits ranges', 'from 3.5 to 1,000-2,000', ['3.5', '1,000', '2,000']],
    ['splits at underscores and hyphens', 'response_model X-ray', ['respons', 'model', 'x', 'rai']],
    ['folds accents of Latin letters', 'canción Müller', ['cancion', 'muller']],
    ['keeps marks of other scripts', 'й', ['й']],
    ['maps compatibility forms', 'ＡＢＣ ﬁne', ['abc', 'fine']],
    ['pairs Chinese characters', '北京大学', ['北京', '京大', '大学']],
    ['keeps a lone Chinese character', '我 好', ['我', '好']],
    ['separates scripts in one word', 'iphone手机15', ['iphon', '手机', '15']],
    ['pairs Thai letters', 'ไทย', ['ไท', 'ทย']],
    ['finds nothing in signs', '… — !? 😀', []],
  ])('%s', (_name, text, terms) => {
    expect(analyze(text)).toEqual(terms);
  });

  it('cuts endless words without breaking a character', () => {
    const [term] = analyze('é'.repeat(63) + '𝒳'.repeat(10));
    expect(term?.length).toBeLessThanOrEqual(64);
    expect(analyze(`a${'𐐷'.repeat(200)}`)[0]?.isWellFormed()).toBe(true);
  });

  it('gives the same terms whatever it has seen before', () => {
    const word = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('running', 'the', '北京', 'canción', "it's"));
    fc.assert(
      fc.property(fc.array(word), (parts) => {
        const text = parts.join(' ');
        expect(analyze(text)).toEqual(createTextAnalyzer()(text));
      }),
    );
  });

  it('finds in a text what a part of the text, cut at white space, has', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 10 })), (parts) => {
        const words = parts.map((part) => part.replace(/\s/g, '')).filter((part) => part !== '');
        expect(analyze(words.join(' '))).toEqual(words.flatMap((part) => analyze(part)));
      }),
    );
  });

  it('takes linear time on hostile text', () => {
    const began = performance.now();
    for (const unit of ['a', '1.', '１,', "a'", '字', '\u0301', '.']) analyze(unit.repeat(300_000));
    expect(performance.now() - began).toBeLessThan(3000);
  });
});
