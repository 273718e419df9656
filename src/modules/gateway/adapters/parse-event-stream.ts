/** Reads a server-sent event stream as it really arrives: cut anywhere, any line ending, with comments and a BOM. */
import { answerTooLargeError } from './openai-errors.ts';

export type EventStreamLimits = {
  /** Longest single event, in characters. */
  maxEventCharacters: number;
  /** Most bytes of the whole stream. */
  maxStreamBytes: number;
};

/**
 * The `data` of each event, in order. What follows the last blank line is given too: servers forget the blank line
 * after their last event, and a truncated one is told from a whole one by its JSON. Throws MODEL_ANSWER_TOO_LARGE.
 */
export async function* parseEventStream(
  chunks: AsyncIterable<Uint8Array>,
  limits: EventStreamLimits,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8');
  const collector = createEventCollector(limits.maxEventCharacters);
  let receivedBytes = 0;
  for await (const chunk of chunks) {
    receivedBytes += chunk.byteLength;
    if (receivedBytes > limits.maxStreamBytes) throw answerTooLargeError(limits.maxStreamBytes);
    yield* collector.push(decoder.decode(chunk, { stream: true }));
  }
  yield* collector.push(decoder.decode());
  yield* collector.end();
}

function createEventCollector(maxEventCharacters: number) {
  let pendingLine = '';
  let data: string[] = [];
  let dataCharacters = 0;
  let skipLineFeed = false;

  const takeLine = (line: string): string | undefined => {
    if (line === '') {
      const event = data.length > 0 ? data.join('\n') : undefined;
      data = [];
      dataCharacters = 0;
      return event;
    }
    const value = dataOf(line);
    if (value !== undefined) {
      data.push(value);
      dataCharacters += value.length;
    }
    return undefined;
  };

  return {
    *push(text: string): Generator<string> {
      if (text === '') return;
      const pair = skipLineFeed && text.startsWith('\n');
      skipLineFeed = text.endsWith('\r');
      const lines = (pair ? text.slice(1) : text).split(/\r\n|\r|\n/);
      const rest = lines.pop() ?? '';
      for (const line of lines) {
        const event = takeLine(pendingLine + line);
        pendingLine = '';
        if (event !== undefined) yield event;
      }
      pendingLine += rest;
      if (pendingLine.length + dataCharacters > maxEventCharacters) throw answerTooLargeError(maxEventCharacters);
    },
    *end(): Generator<string> {
      const last = [takeLine(pendingLine), takeLine('')];
      for (const event of last) if (event !== undefined) yield event;
    },
  };
}

/** The value of a `data` line; undefined for comments and other fields. */
function dataOf(line: string): string | undefined {
  if (line === 'data') return '';
  if (!line.startsWith('data:')) return undefined;
  return line.startsWith('data: ') ? line.slice(6) : line.slice(5);
}
