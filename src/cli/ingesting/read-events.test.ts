import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readEvents, type StreamedEvent } from './read-events.ts';

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

async function read(text: string, sizes: readonly number[] = []): Promise<StreamedEvent[]> {
  const events: StreamedEvent[] = [];
  for await (const event of readEvents(cut(Buffer.from(text), sizes))) events.push(event);
  return events;
}

test('events are the same wherever the stream is cut', async () => {
  const text =
    ': heartbeat\n\nid: 7\nevent: progress\ndata: {"name":"Ännchen 😀"}\n\nevent: done\r\ndata: {"n":2}\r\n\r\n';
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 30 }), async (sizes) => {
      expect(await read(text, sizes)).toEqual([
        { event: 'progress', data: { name: 'Ännchen 😀' } },
        { event: 'done', data: { n: 2 } },
      ]);
    }),
  );
});

test('what lacks its end is no event', async () => {
  expect(await read('event: progress\ndata: {"n":1}\n\nevent: done\ndata: {"n":2}\n')).toEqual([
    { event: 'progress', data: { n: 1 } },
  ]);
});

test('an event without an end is not read for ever', async () => {
  await expect(read(`data: ${'x'.repeat(4_100_000)}`)).rejects.toMatchObject({ code: 'SERVER_ERROR' });
});
