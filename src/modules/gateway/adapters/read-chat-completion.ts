/** From the dialect's JSON (one event of a stream, or a whole answer) to parts. */
import type { AppError } from '#platform/errors.ts';
import type { ChatPart, TokenUsage } from '../ports.ts';
import {
  invalidAnswerError,
  isRecord,
  parseErrorBody,
  parseJson,
  streamCutError,
  toRefusalError,
} from './openai-errors.ts';

type FinishReason = Extract<ChatPart, { type: 'finish' }>['reason'];

const reasons: Record<string, FinishReason> = {
  stop: 'stop',
  eos: 'stop',
  length: 'length',
  max_tokens: 'length',
  content_filter: 'content-filter',
};

/** Zero tokens: the provider did not tell. The gateway counts then. */
const untold: TokenUsage = { inputTokens: 0, outputTokens: 0 };

/** Takes event after event; `finish()` is the last part, or throws MODEL_STREAM_CUT when none was announced. */
export function createCompletionReader(model: string, now: () => Date) {
  let reason: FinishReason | undefined;
  let usage = untold;
  return {
    /** The text that this event adds; may be empty. Throws for an error sent in place of an event. */
    read(data: string): string {
      const event = parseEvent(data);
      if (event.error !== undefined && event.error !== null) throw inBandError(data, model, now());
      usage = usageOf(event) ?? usage;
      const choice = Array.isArray(event.choices) ? event.choices[0] : undefined;
      if (!isRecord(choice)) return '';
      reason = reasonOf(choice.finish_reason) ?? reason;
      const message = choice.delta ?? choice.message;
      return isRecord(message) ? textOf(message.content) : '';
    },
    /** The stream's own end mark came: the answer is whole even if no reason was given. */
    end(): void {
      reason ??= 'other';
    },
    finish(): ChatPart {
      if (reason === undefined) throw streamCutError();
      return { type: 'finish', reason, usage };
    },
  };
}

function parseEvent(data: string): Record<string, unknown> {
  const event = parseJson(data);
  if (isRecord(event)) return event;
  // Half an object is an event that the cut of the connection left behind; anything else was never the dialect.
  throw data.trimStart().startsWith('{') ? streamCutError() : invalidAnswerError('something else than JSON');
}

function reasonOf(value: unknown): FinishReason | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return reasons[value] ?? 'other';
}

/** Content is a string; some servers send a list of parts, of which only text is ours. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => (isRecord(part) && part.type === 'text' && typeof part.text === 'string' ? part.text : ''))
    .join('');
}

function usageOf(event: Record<string, unknown>): TokenUsage | undefined {
  if (!isRecord(event.usage)) return undefined;
  const count = (value: unknown) => (Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : 0);
  return { inputTokens: count(event.usage.prompt_tokens), outputTokens: count(event.usage.completion_tokens) };
}

/** An error that came after the status 200 had been sent: its own code stands for the status. */
function inBandError(data: string, model: string, now: Date): AppError {
  const body = parseErrorBody(data);
  const code = Number(body.code);
  if (Number.isInteger(code) && code >= 400 && code <= 599) {
    return toRefusalError({ status: code, body, retryAfter: undefined, model, now });
  }
  const status = /rate_limit/i.test(`${body.type} ${body.code}`) ? 429 : 500;
  if (body.code === 'context_length_exceeded') {
    return toRefusalError({ status: 400, body, retryAfter: undefined, model, now });
  }
  return toRefusalError({ status, body, retryAfter: undefined, model, now });
}
