import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventParser, type ServerEvent } from './server-events.ts';

const write = (events: ServerEvent[], lineEnd: string) =>
  events.map(({ event, data }) => [`event: ${event}`, `data: ${data}`, '', ''].join(lineEnd)).join('');

describe('the parser of server-sent events', () => {
  it('gives the same events whatever pieces the stream arrives in', () => {
    const event = fc.record({
      event: fc.constantFrom('start', 'sources', 'delta', 'done'),
      data: fc.jsonValue().map((value) => JSON.stringify(value)),
    });
    const property = fc.property(
      fc.array(event, { maxLength: 8 }),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }),
      (events, lineEnd, sizes) => {
        const parse = createEventParser();
        // A carriage return at the very end waits for its other half, so a comment follows the last event.
        const stream = `${write(events, lineEnd)}: end${lineEnd}`;
        const received: ServerEvent[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          received.push(...parse(stream.slice(at, at + size)));
          at += size;
        }
        expect(received).toEqual(events);
      },
    );
    fc.assert(property);
  });

  it('passes over comments, which only keep the connection open', () => {
    expect(createEventParser()(': heartbeat\n\nevent: done\ndata: {}\n\n')).toEqual([{ event: 'done', data: '{}' }]);
  });

  it('joins the lines of one event', () => {
    expect(createEventParser()('data: one\ndata: two\n\n')).toEqual([{ event: 'message', data: 'one\ntwo' }]);
  });

  it('refuses an event without end instead of filling the memory', () => {
    const parse = createEventParser();
    expect(() => parse('x'.repeat(8_000_001))).toThrow('too long');
  });
});
