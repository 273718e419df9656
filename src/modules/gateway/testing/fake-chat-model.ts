import { AppError } from '#platform/errors.ts';
import type { ChatModel, ChatPart, ChatRequest } from '../ports.ts';

/** What the fake does with one call: text parts, then the end; or an error, at once or after some parts. */
export type FakeAnswer = {
  parts?: string[];
  reason?: Extract<ChatPart, { type: 'finish' }>['reason'];
  usage?: { inputTokens: number; outputTokens: number };
  /** Thrown after the parts, in place of the finish. */
  error?: AppError;
  /** Waits here, after the parts, until the signal aborts. */
  hang?: boolean;
};

/**
 * A language model that answers from a script, one entry a call, the last one again and again. Keeps what it was
 * asked, and counts the streams that were begun and neither ended nor closed by their reader.
 */
export function createFakeChatModel(
  script: (FakeAnswer | ((request: ChatRequest) => FakeAnswer))[],
  id = 'fake:model',
): ChatModel & { readonly requests: ChatRequest[]; readonly open: number } {
  const requests: ChatRequest[] = [];
  let open = 0;
  return {
    id,
    requests,
    get open() {
      return open;
    },
    async *generate(request, signal) {
      open += 1;
      try {
        yield* follow(request, signal);
      } finally {
        open -= 1;
      }
    },
  };

  async function* follow(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatPart> {
    const entry = script[Math.min(requests.length, script.length - 1)];
    requests.push(request);
    const answer = typeof entry === 'function' ? entry(request) : (entry ?? {});
    for (const text of answer.parts ?? []) {
      if (signal.aborted) throw aborted();
      yield { type: 'text', text };
    }
    if (answer.hang === true) await untilAborted(signal);
    if (answer.error !== undefined) throw answer.error;
    const usage = answer.usage ?? { inputTokens: 10, outputTokens: 5 };
    yield { type: 'finish', reason: answer.reason ?? 'stop', usage };
  }
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw aborted();
}

const aborted = () => new AppError('MODEL_CALL_ABORTED', 'unavailable', 'The call was stopped.');
