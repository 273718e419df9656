import { expect, test } from 'vitest';
import type { AnswerSentence, Source } from '#modules/chat/contract.ts';
import { citedPart } from './cited-part.ts';

const source = { number: 1, excerpt: '# Title\n\n## Part\n\nFirst. Second.', start: 100, end: 132 } as Source;
const sentence = (citations: AnswerSentence['citations']): AnswerSentence => ({
  text: '',
  start: 0,
  end: 0,
  citations,
  supported: true,
});

test('shows the sentence that is cited, at its place in the document', () => {
  const start = 100 + source.excerpt.indexOf('Second.');
  const cited = citedPart(source, [sentence([{ source: 1, start, end: start + 7 }]), sentence([])]);
  expect(cited).toEqual({ start, end: start + 7, text: 'Second.' });
});

test('spans every citation of this source and none of another', () => {
  const first = 100 + source.excerpt.indexOf('First.');
  const citations = [
    { source: 1, start: first, end: first + 6 },
    { source: 2, start: 0, end: 5 },
    { source: 1, start: first + 7, end: first + 14 },
  ];
  expect(citedPart(source, [sentence(citations)]).text).toBe('First. Second.');
});

test('shows the beginning without its headings when nothing is cited', () => {
  expect(citedPart(source, [])).toEqual({ start: 100, end: 132, text: 'First. Second.' });
});
