/** Server-sent events as Nexus writes them: a name and one line of JSON. */
import { AppError } from '#platform/errors.ts';

export type StreamedEvent = { event: string; data: unknown };

/** More than any event of ours has. */
const longestEventCharacters = 4_000_000;

/** What is cut off before its blank line is no event: the reader learns from what is missing that the stream broke. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamedEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? '';
    for (const block of blocks) yield* parseBlock(block);
    if (rest.length > longestEventCharacters) {
      throw new AppError('SERVER_ERROR', 'bug', 'The server sent an event without an end.');
    }
  }
}

/** Nothing for a comment, which only shows that the server is there. */
function* parseBlock(block: string): Generator<StreamedEvent> {
  let event = 'message';
  let data: string | undefined;
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith('event: ')) event = line.slice('event: '.length);
    if (line.startsWith('data: ')) data = line.slice('data: '.length);
  }
  if (data !== undefined) yield { event, data: JSON.parse(data) };
}
