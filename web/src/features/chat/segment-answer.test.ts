import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnswerSentence, Source } from '#modules/chat/contract.ts';
import { type Segment, segmentAnswer, withoutHalfMark } from './segment-answer.ts';

const source = (number: number): Source => ({
  number,
  document_id: `document-${number}`,
  chunk_id: `chunk-${number}`,
  title: `Title ${number}`,
  heading_path: [],
  page: null,
  excerpt: '',
  relevance_score: 1,
  url: '',
  start: 0,
  end: 100,
});

const sentence = (answer: string, text: string, citations: AnswerSentence['citations']): AnswerSentence => {
  const start = answer.indexOf(text);
  return { text, start, end: start + text.length, citations, supported: citations.length > 0 };
};

const shown = (segments: Segment[]) =>
  segments.map(({ pieces }) =>
    pieces.map((piece) => (piece.kind === 'text' ? piece.text : `<${piece.source.number}>`)),
  );

describe('cutting an answer into sentences and citations', () => {
  it('turns a mark into a citation that opens what supports the sentence', () => {
    const answer = 'It flooded [1]. Nobody was hurt.';
    const sentences = [sentence(answer, 'It flooded [1].', [{ source: 1, start: 40, end: 60 }])];
    const segments = segmentAnswer({ answer, sentences, sources: [source(1)] });
    expect(shown(segments)).toEqual([['It flooded', '<1>', '.'], [' Nobody was hurt.']]);
    expect(segments[0]?.pieces[1]).toMatchObject({ start: 40, end: 60 });
  });

  it('puts a citation that is not marked at the end of its sentence', () => {
    const answer = 'It flooded.';
    const sentences = [sentence(answer, answer, [{ source: 2, start: 1, end: 5 }])];
    expect(shown(segmentAnswer({ answer, sentences, sources: [source(1), source(2)] }))).toEqual([
      ['It flooded.', '<2>'],
    ]);
  });

  it('does not repeat a citation that is marked behind its sentence', () => {
    const answer = 'It flooded. [1] It dried.';
    const sentences = [
      sentence(answer, 'It flooded.', [{ source: 1, start: 1, end: 5 }]),
      sentence(answer, 'It dried.', []),
    ];
    const segments = segmentAnswer({ answer, sentences, sources: [source(1)] });
    expect(shown(segments)).toEqual([['It flooded.'], ['<1>', ' '], ['It dried.']]);
    expect(segments.map(({ supported }) => supported)).toEqual([true, true, false]);
  });

  it('leaves brackets alone that name no source', () => {
    const answer = 'See [7] and [1, 9].';
    expect(shown(segmentAnswer({ answer, sentences: [], sources: [source(1)] }))).toEqual([['See [7] and [1, 9].']]);
  });

  it('holds back a mark of which only half has come', () => {
    expect(withoutHalfMark('It flooded [1')).toBe('It flooded ');
    expect(withoutHalfMark('It flooded [1]')).toBe('It flooded [1]');
  });

  it('loses no character, wherever the sentences lie', () => {
    const range = fc.tuple(fc.nat(60), fc.nat(60), fc.boolean());
    const property = fc.property(fc.string({ maxLength: 60 }), fc.array(range, { maxLength: 6 }), (answer, ranges) => {
      const sentences = ranges.map(([a, b, supported]) => {
        const [start, end] = [Math.min(a, b, answer.length), Math.min(Math.max(a, b), answer.length)];
        return { text: answer.slice(start, end), start, end, citations: [], supported };
      });
      const words = shown(segmentAnswer({ answer, sentences, sources: [] }))
        .flat()
        .join('');
      expect(words).toBe(answer);
    });
    fc.assert(property);
  });
});
