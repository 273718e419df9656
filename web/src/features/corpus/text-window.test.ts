import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstRange, joinWindow, openWindow, rangeAfter, rangeBefore, splitAt } from './text-window.ts';

const text = 'The cellar flooded in March 1931. '.repeat(9_000);

const read = ({ start, end }: { start: number; end: number }) => {
  const slice = text.slice(start, end);
  return { document_id: 'd', title: 'T', text: slice, start, end: start + slice.length, characters: text.length };
};

describe('the window on a long document', () => {
  it('marks exactly the cited characters', () => {
    const property = fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 3_000 }), (start, length) => {
      const highlight = { start, end: Math.min(text.length, start + length) };
      const [before, marked, after] = splitAt(openWindow(read(firstRange(highlight))), highlight);
      expect(marked).toBe(text.slice(highlight.start, highlight.end));
      expect(text).toContain(before + marked + after);
    });
    fc.assert(property, { numRuns: 50 });
  });

  it('grows to the whole document without a gap', () => {
    let window = openWindow(read(firstRange({ start: 150_000, end: 150_100 })));
    for (let reads = 0; reads < 20 && (window.start > 0 || window.end < text.length); reads += 1) {
      const range = window.start > 0 ? rangeBefore(window) : rangeAfter(window);
      window = joinWindow(window, read(range)) ?? window;
    }
    expect(window.text).toBe(text);
  });

  it('does not join text of a document that has changed', () => {
    const window = openWindow(read({ start: 0, end: 100 }));
    expect(joinWindow(window, { ...read({ start: 100, end: 200 }), characters: 7 })).toBeUndefined();
  });

  it('never asks for more than the server gives at once', () => {
    const { start, end } = firstRange({ start: 500_000, end: 2_000_000 });
    expect(end - start).toBeLessThanOrEqual(200_000);
  });
});
