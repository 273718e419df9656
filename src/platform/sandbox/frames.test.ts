import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFrameReader, joinFrames, splitFrame, toFrameBytes } from './frames.ts';

test('a frame arrives as it was sent, however the pipe cuts it, one after another', () => {
  const frame = fc.record({
    header: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
    parts: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 3 }), fc.integer({ min: 1, max: 50 }), (frames, step) => {
      const reader = createFrameReader(1_000_000);
      for (const sent of frames) {
        const bytes = Buffer.concat(toFrameBytes(sent));
        const received = [];
        for (let at = 0; at < bytes.length; at += step) received.push(reader.push(bytes.subarray(at, at + step)));
        const last = received.pop();
        expect(received.every((early) => early === undefined)).toBe(true);
        expect(last?.header).toEqual(sent.header);
        expect(last?.parts.map((part) => [...part])).toEqual(sent.parts.map((part) => [...part]));
      }
    }),
  );
});

test('a frame above the limit is refused by its announcement', () => {
  const [lengths = new Uint8Array()] = toFrameBytes({ header: 1, parts: [new Uint8Array(100)] });
  expect(() => createFrameReader(100).push(lengths)).toThrow(RangeError);
  expect(() => createFrameReader(200).push(lengths)).not.toThrow();
});

test('a header above four million bytes is refused by its announcement, however much the parts may have', () => {
  const lengths = (header: number): Uint8Array =>
    toFrameBytes({ header: 'x'.repeat(header), parts: [] })[0] as Uint8Array;
  expect(() => createFrameReader(100_000_000).push(lengths(4_000_001))).toThrow(RangeError);
  expect(() => createFrameReader(100_000_000).push(lengths(3_000_000))).not.toThrow();
});

test('more bytes than announced and too many parts are refused', () => {
  const bytes = Buffer.concat(toFrameBytes({ header: 1, parts: [] }));
  expect(() => createFrameReader(100).push(Buffer.concat([bytes, Buffer.from('x')]))).toThrow(RangeError);
  const manyParts = Buffer.concat(
    toFrameBytes({ header: 1, parts: Array.from({ length: 65 }, () => new Uint8Array()) }),
  );
  expect(() => createFrameReader(1_000).push(manyParts)).toThrow(RangeError);
});

test('frames that were joined come apart as they were', () => {
  const frame = fc.record({
    header: fc.jsonValue(),
    parts: fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), (frames) => {
      expect(splitFrame(joinFrames(frames), frames.length)).toEqual(frames);
    }),
  );
});

test.each([
  ['fewer than asked for', [{ header: 1, parts: 0 }], 0],
  [
    'parts that did not come',
    [
      { header: 1, parts: 1 },
      { header: 1, parts: 1 },
    ],
    1,
  ],
  [
    'parts that belong to none',
    [
      { header: 1, parts: 0 },
      { header: 1, parts: 0 },
    ],
    1,
  ],
  [
    'a number of parts below none',
    [
      { header: 1, parts: 1 },
      { header: 1, parts: -1 },
    ],
    0,
  ],
  [
    'no number of parts',
    [
      { header: 1, parts: 'x' },
      { header: 1, parts: 0 },
    ],
    0,
  ],
  [
    'a list where a number belongs',
    [
      { header: 1, parts: [1] },
      { header: 1, parts: 0 },
    ],
    1,
  ],
  ['an entry that is none', [null, { header: 1, parts: 0 }], 0],
  ['no list', { header: 1 }, 0],
])('a joined frame with %s is refused', (_name, header, parts) => {
  const joined = { header, parts: Array.from({ length: parts }, () => new Uint8Array(1)) };
  expect(() => splitFrame(joined, 2)).toThrow(RangeError);
});
