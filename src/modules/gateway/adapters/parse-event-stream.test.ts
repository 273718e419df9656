import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEventStream } from './parse-event-stream.ts';

const limits = { maxEventCharacters: 1_000_000, maxStreamBytes: 10_000_000 };

async function parse(chunks: Uint8Array[], chosen = limits): Promise<string[]> {
  const source = (async function* () {
    yield* chunks;
  })();
  const events: string[] = [];
  for await (const event of parseEventStream(source, chosen)) events.push(event);
  return events;
}

describe('parseEventStream', () => {
  it('gives the same events wherever the bytes are cut and whatever ends the lines', async () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[\r\n\u2028\u2029]/g, ' '));
    const event = fc.array(line, { minLength: 1, maxLength: 3 });
    const cuts = fc.array(fc.nat(400), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 6 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        cuts,
        async (events, end, places) => {
          const text = events
            .map((lines) => `: note${end}event: x${end}${lines.map((data) => `data: ${data}${end}`).join('')}${end}`)
            .join('');
          const bytes = Buffer.from(text.toWellFormed());
          const sorted = [...new Set([0, ...places.map((place) => Math.min(place, bytes.length)), bytes.length])].sort(
            (a, b) => a - b,
          );
          const chunks = sorted.slice(1).map((to, index) => bytes.subarray(sorted[index], to));
          expect(await parse(chunks)).toEqual(events.map((lines) => lines.join('\n').toWellFormed()));
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a byte order mark', '\uFEFFdata: a\n\n', ['a']],
    ['data without a space', 'data:a\n\n', ['a']],
    ['data without a colon', 'data\n\n', ['']],
    ['a missing last blank line', 'data: a\n\ndata: b', ['a', 'b']],
    ['other fields', 'id: 1\nretry: 5\n\ndata: a\n\n', ['a']],
  ])('copes with %s', async (_name, text, expected) => {
    expect(await parse([Buffer.from(text)])).toEqual(expected);
  });

  it('stops at the limits of an event and of the stream', async () => {
    const code = (error: { code?: string }) => error.code;
    const long = Buffer.from('data: aaaaaaaaaa\n');
    expect(await parse([long, long, long], { ...limits, maxEventCharacters: 25 }).catch(code)).toBe(
      'MODEL_ANSWER_TOO_LARGE',
    );
    expect(await parse([long, long], { ...limits, maxStreamBytes: 20 }).catch(code)).toBe('MODEL_ANSWER_TOO_LARGE');
  });
});
