import fc from 'fast-check';
import { expect, it } from 'vitest';
import { estimateConfidence } from './estimate-confidence.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });

it('grows with each kind of evidence and stays in [0, 1]', () => {
  fc.assert(
    fc.property(share, share, share, share, (coverage, bestCoverage, cosine, more) => {
      const evidence = { coverage, bestCoverage, cosine };
      const confidence = estimateConfidence(evidence);
      expect(confidence).toBeGreaterThanOrEqual(0);
      expect(confidence).toBeLessThanOrEqual(1);
      for (const kind of ['coverage', 'bestCoverage', 'cosine'] as const) {
        const stronger = { ...evidence, [kind]: Math.max(evidence[kind], more) };
        expect(estimateConfidence(stronger)).toBeGreaterThanOrEqual(confidence);
      }
    }),
  );
});

it('tells a matching passage from a foreign one', () => {
  expect(estimateConfidence({ coverage: 0.9, bestCoverage: 0.8, cosine: 0.65 })).toBeGreaterThan(0.85);
  expect(estimateConfidence({ coverage: 0.35, bestCoverage: 0.3, cosine: 0.35 })).toBeLessThan(0.15);
  expect(estimateConfidence({ coverage: 0, bestCoverage: 0, cosine: 0 })).toBeLessThan(0.01);
});

it('rests on the words alone when the cosine is unknown', () => {
  expect(estimateConfidence({ coverage: 1, bestCoverage: 1, cosine: undefined })).toBeGreaterThan(0.85);
  expect(estimateConfidence({ coverage: 0.2, bestCoverage: 0.2, cosine: undefined })).toBeLessThan(0.2);
});
