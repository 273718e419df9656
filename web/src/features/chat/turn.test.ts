import { describe, expect, it } from 'vitest';
import type { ChatReply, MessageView } from '#modules/chat/contract.ts';
import { applyEvent, endTurn, failTurn, startTurn, turnsOf } from './turn.ts';

const reply: ChatReply = {
  conversation_id: 'conversation',
  message_id: 'message',
  answer: 'In March 1931 [1].',
  declined: false,
  sentences: [],
  sources: [],
  metadata: {
    tokens_used: 0,
    tokens_estimated: false,
    response_time_ms: 12,
    model_used: 'extractive',
    finish_reason: 'stop',
    cached: false,
    strategy: 'hybrid',
    confidence: 0.9,
  },
};

const begun = applyEvent(startTurn('1', 'When?'), { event: 'delta', data: { text: 'In March' } });

const message = (fields: Partial<MessageView>): MessageView => ({
  id: 'message',
  role: 'assistant',
  content: '',
  reply: null,
  cut_reason: null,
  created_at: '2026-11-21T00:00:00Z',
  ...fields,
});

describe('a turn of a conversation', () => {
  it('takes the checked reply in place of what was streamed', () => {
    expect(applyEvent(begun, { event: 'done', data: reply })).toMatchObject({
      progress: 'done',
      text: reply.answer,
      reply,
    });
  });

  it('is cut, never done, when the stream ends without its last event', () => {
    expect(endTurn(begun, 'ended')).toMatchObject({ progress: 'cut', text: 'In March', reply: undefined });
  });

  it('keeps what was streamed when the server reports an error on the way', () => {
    const error = { code: 'MODEL_UNAVAILABLE', message: 'The model is away.', request_id: 'request' };
    expect(applyEvent(begun, { event: 'error', data: error })).toMatchObject({
      progress: 'failed',
      text: 'In March',
      problem: { code: 'MODEL_UNAVAILABLE', requestId: 'request' },
    });
  });

  it('does not move any more once it has ended', () => {
    const stopped = endTurn(begun, 'stopped');
    const problem = { status: 0, code: 'UNREACHABLE', message: 'Away.', requestId: undefined };
    expect(failTurn(endTurn(applyEvent(stopped, { event: 'done', data: reply }), 'ended'), problem)).toBe(stopped);
  });

  it('comes back from stored messages, whole, stopped, cut or never answered', () => {
    const question = message({ role: 'user', content: 'When?' });
    const turns = turnsOf([
      question,
      message({ content: reply.answer, reply }),
      question,
      message({ content: 'In', cut_reason: 'STOPPED' }),
      question,
      message({ content: 'In', cut_reason: 'MODEL_UNAVAILABLE' }),
      question,
    ]);
    expect(turns.map(({ progress }) => progress)).toEqual(['done', 'stopped', 'cut', 'cut']);
  });
});
