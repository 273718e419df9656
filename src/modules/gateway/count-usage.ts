import type { ChatPart, ChatRequest, TokenUsage } from './ports.ts';

/** A part whose usage is always told: by the provider, or counted here and marked. */
export type CountedPart =
  | Extract<ChatPart, { type: 'text' }>
  | (Omit<Extract<ChatPart, { type: 'finish' }>, 'usage'> & { usage: TokenUsage & { estimated: boolean } });

/** What a message's role and frame cost in most tokenizers. */
const tokensPerMessage = 4;

/** Fills in the token counts that a provider left out (it sends zero), by our own tokenizer, and says so. */
export async function* countUsage(
  parts: AsyncIterable<ChatPart>,
  request: ChatRequest,
  countTokens: (text: string) => number,
): AsyncGenerator<CountedPart> {
  let answer = '';
  for await (const part of parts) {
    if (part.type === 'text') {
      answer += part.text;
      yield part;
      continue;
    }
    const { inputTokens, outputTokens } = part.usage;
    const estimated = inputTokens === 0 || (outputTokens === 0 && answer !== '');
    yield { ...part, usage: estimated ? estimate(request, answer, countTokens) : { ...part.usage, estimated } };
  }
}

function estimate(request: ChatRequest, answer: string, countTokens: (text: string) => number) {
  const inputTokens = request.messages.reduce((sum, { content }) => sum + countTokens(content) + tokensPerMessage, 0);
  return { inputTokens, outputTokens: countTokens(answer), estimated: true };
}
