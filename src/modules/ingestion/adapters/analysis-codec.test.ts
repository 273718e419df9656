import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signatureOf } from '#platform/text/min-hash.ts';
import { createAnalyze } from '../analysis/analyze-document.ts';
import { fromAnalysisReply, toAnalysisReply } from './analysis-codec.ts';

const text = 'Ada Lovelace wrote to Charles Babbage in London about the Analytical Engine of Acme Corporation.';
const document = { title: undefined, text, blocks: [], warnings: [] };
const analysis = createAnalyze({ signatureOf })(document, {
  title: 'Letter',
  filename: 'a.txt',
  mediaType: 'text/plain',
});
const overWire = (value: unknown): Record<string, unknown> => JSON.parse(JSON.stringify(value));
const sent = overWire(toAnalysisReply(analysis));

test('what the analysis found arrives as it was', () => {
  expect(analysis.entities.length).toBeGreaterThan(0);
  expect(fromAnalysisReply(sent, text)).toEqual(analysis);
  const short = { ...analysis, signature: undefined };
  expect(fromAnalysisReply(overWire(toAnalysisReply(short)), text)).toEqual(short);
});

const entity = { kind: 'person', name: 'Ada Lovelace', start: 0, end: 12, confidence: 0.8 };

test.each([
  ['no object', 'nonsense'],
  ['a language that is none', { ...sent, language: '<script>' }],
  ['a long category', { ...sent, classification: { ...analysis.classification, category: 'x'.repeat(101) } }],
  ['a tag with NUL', { ...sent, classification: { ...analysis.classification, tags: ['a\0'] } }],
  ['too many tags', { ...sent, classification: { ...analysis.classification, tags: Array(51).fill('a') } }],
  ['a confidence above 1', { ...sent, classification: { ...analysis.classification, confidence: 1.1 } }],
  ['too many entities', { ...sent, entities: Array(1_001).fill(entity) }],
  ['an unknown kind', { ...sent, entities: [{ ...entity, kind: 'animal' }] }],
  ['an end behind the text', { ...sent, entities: [{ ...entity, end: 10_000 }] }],
  ['a name that does not stand there', { ...sent, entities: [{ ...entity, name: 'Eve Lovelace' }] }],
  ['an empty range', { ...sent, entities: [{ ...entity, end: 0, name: '' }] }],
  ['a short signature', { ...sent, signature: [1, 2, 3] }],
  ['a signature of fractions', { ...sent, signature: Array(128).fill(0.5) }],
])('an analysis with %s is refused', (_, reply) => {
  expect(fromAnalysisReply(reply, text)).toBeUndefined();
});

test('no reply makes it throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (reply) => {
      expect(fromAnalysisReply(reply, text)).toBeUndefined();
    }),
  );
});
