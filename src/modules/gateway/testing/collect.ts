import { AppError } from '#platform/errors.ts';

type Part<Finish> = { type: 'text'; text: string } | (Finish & { type: 'finish' });

/** The whole answer of a stream: its text and its `finish` part. Throws MODEL_STREAM_CUT when there is none. */
export async function collect<Finish>(
  parts: AsyncIterable<Part<Finish>>,
): Promise<{ text: string; finish: Finish & { type: 'finish' } }> {
  let text = '';
  for await (const part of parts) {
    if (part.type === 'finish') return { text, finish: part };
    text += part.text;
  }
  throw new AppError('MODEL_STREAM_CUT', 'unavailable', 'The answer broke off before its end. Ask again.');
}
