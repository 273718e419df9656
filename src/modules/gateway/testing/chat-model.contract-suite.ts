import { expect, it } from 'vitest';
import { isAppError } from '#platform/errors.ts';
import type { ChatModel, ChatPart, ChatRequest } from '../ports.ts';
import { collect } from './collect.ts';

/** Opens the adapter against an upstream that behaves as told; what the adapter's own test must provide. */
export type ChatModelRig = {
  /** Answers “Hello world” in at least two parts and tells the usage 7 in, 2 out. */
  answering(): Promise<ChatModel>;
  /** Sends “Hello” and then loses the connection. */
  cut(): Promise<ChatModel>;
  /** Accepts the call and never says a word; the adapter's own time-outs are longer than the test. */
  silent(): Promise<ChatModel>;
  /** Refuses the key. */
  refusing(): Promise<ChatModel>;
};

const request: ChatRequest = { messages: [{ role: 'user', content: 'Hi' }], maxTokens: 50, temperature: 0 };

/** What every chat model adapter must do; call it inside a `describe` of the adapter's test. */
export function describeChatModel(rig: ChatModelRig): void {
  const signal = () => AbortSignal.timeout(10_000);

  it('names itself provider:model', async () => {
    expect((await rig.answering()).id).toMatch(/^[a-z][a-z0-9-]*:.+$/);
  });

  it('streams text in parts and ends with one finish that carries the usage', async () => {
    const parts: ChatPart[] = [];
    for await (const part of (await rig.answering()).generate(request, signal())) parts.push(part);
    expect(parts.filter(({ type }) => type === 'text').length).toBeGreaterThan(1);
    expect(parts.filter(({ type }) => type === 'finish')).toEqual([parts.at(-1)]);
    expect(parts.at(-1)).toEqual({ type: 'finish', reason: 'stop', usage: { inputTokens: 7, outputTokens: 2 } });
    expect(parts.map((part) => (part.type === 'text' ? part.text : '')).join('')).toBe('Hello world');
  });

  it('throws for a cut stream and never makes it look finished', async () => {
    const error = await collect((await rig.cut()).generate(request, signal())).catch((caught) => caught);
    expect(isAppError(error, 'MODEL_STREAM_CUT')).toBe(true);
  });

  it('stops at once when the caller goes away', async () => {
    const caller = new AbortController();
    const answer = collect((await rig.silent()).generate(request, caller.signal)).catch((caught) => caught);
    setTimeout(() => caller.abort(), 50);
    expect(isAppError(await answer, 'MODEL_CALL_ABORTED')).toBe(true);
  });

  it('says that the key was refused', async () => {
    const error = await collect((await rig.refusing()).generate(request, signal())).catch((caught) => caught);
    expect(isAppError(error, 'MODEL_KEY_REJECTED')).toBe(true);
  });
}
