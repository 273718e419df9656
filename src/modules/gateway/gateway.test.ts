import { describe, expect, it } from 'vitest';
import { AppError, isAppError } from '#platform/errors.ts';
import { gatewayConfig } from './config.ts';
import { createGateway } from './gateway.ts';
import type { Embedder } from './ports.ts';
import { collect } from './testing/collect.ts';
import { createFakeChatModel, type FakeAnswer } from './testing/fake-chat-model.ts';
import { createFakeEmbedder } from './testing/fake-embedder.ts';

const request = { messages: [{ role: 'user' as const, content: 'two words' }], maxTokens: 50, temperature: 0 };
const unavailable = (details = {}) => new AppError('MODEL_UNAVAILABLE', 'unavailable', 'Down.', { details });

function setUp(script: FakeAnswer[], settings: object = {}, embedder: Embedder = createFakeEmbedder()) {
  const model = createFakeChatModel(script);
  const waits: number[] = [];
  const gateway = createGateway({
    chatModel: model,
    embedder,
    config: gatewayConfig.parse(settings),
    random: () => 0.5,
    wait: async (ms) => {
      waits.push(ms);
    },
  });
  const ask = (signal = AbortSignal.timeout(5_000)) => collect(gateway.generate(request, signal));
  return { gateway, model, waits, ask };
}

describe('gateway', () => {
  it('refuses to generate without a model and still embeds', async () => {
    const gateway = createGateway({
      chatModel: undefined,
      embedder: createFakeEmbedder(),
      config: gatewayConfig.parse({}),
    });
    expect(gateway.chatModelId).toBeUndefined();
    expect(() => gateway.generate(request, AbortSignal.timeout(100))).toThrow('No language model is set up');
    expect(await gateway.embed(['a'], AbortSignal.timeout(100))).toHaveLength(1);
  });

  it('tries again what failed before its first part, waiting longer each time', async () => {
    const { ask, model, waits } = setUp([{ error: unavailable() }, { error: unavailable() }, { parts: ['ok'] }]);
    expect((await ask()).text).toBe('ok');
    expect(model.requests).toHaveLength(3);
    expect(waits).toEqual([250, 500]);
  });

  it('gives up after maxAttempts', async () => {
    const { ask, model } = setUp([{ error: unavailable() }], { maxAttempts: 2 });
    await expect(ask()).rejects.toThrow('Down.');
    expect(model.requests).toHaveLength(2);
  });

  it('never tries again once a part was shown', async () => {
    const { ask, model } = setUp([{ parts: ['half'], error: unavailable() }]);
    await expect(ask()).rejects.toThrow('Down.');
    expect(model.requests).toHaveLength(1);
  });

  it('does not retry what would fail again', async () => {
    const { ask, model } = setUp([{ error: new AppError('MODEL_KEY_REJECTED', 'unavailable', 'No.') }]);
    await expect(ask()).rejects.toThrow('No.');
    expect(model.requests).toHaveLength(1);
  });

  it('waits as long as the provider asks, and not at all when that is too long', async () => {
    const short = setUp([{ error: unavailable({ retryAfterSeconds: 2 }) }, { parts: ['ok'] }]);
    await short.ask();
    expect(short.waits).toEqual([2000]);
    const long = setUp([{ error: unavailable({ retryAfterSeconds: 60 }) }]);
    await expect(long.ask()).rejects.toThrow('Down.');
    expect(long.waits).toEqual([]);
  });

  it('stops retrying when its budget of retries is used up', async () => {
    const { ask, model } = setUp([{ error: unavailable() }]);
    for (let call = 0; call < 30; call += 1) await ask().catch(() => undefined);
    // 30 calls, 10 saved retries and a fifth of one earned by each call.
    expect(model.requests.length).toBeLessThanOrEqual(30 + 10 + 6);
  });

  it('ends a model that hangs at the deadline, with a part shown or not', async () => {
    for (const parts of [[], ['half']]) {
      const { ask } = setUp([{ parts, hang: true }], { totalTimeoutMs: 50 });
      const error = await ask().catch((caught) => caught);
      expect(isAppError(error, 'MODEL_TIMEOUT')).toBe(true);
    }
  });

  it('says that the caller left when it did', async () => {
    const { ask } = setUp([{ hang: true }]);
    const error = await ask(AbortSignal.timeout(50)).catch((caught) => caught);
    expect(isAppError(error, 'MODEL_CALL_ABORTED')).toBe(true);
  });

  it('counts the tokens that a provider did not tell and marks them as estimated', async () => {
    const told = setUp([{ parts: ['a b c'], usage: { inputTokens: 9, outputTokens: 3 } }]);
    expect((await told.ask()).finish.usage).toEqual({ inputTokens: 9, outputTokens: 3, estimated: false });
    const untold = setUp([{ parts: ['a b c'], usage: { inputTokens: 0, outputTokens: 0 } }]);
    expect((await untold.ask()).finish.usage).toEqual({ inputTokens: 6, outputTokens: 3, estimated: true });
  });

  it('embeds in batches, in order, with a bounded number at once', async () => {
    let running = 0;
    let most = 0;
    const sizes: number[] = [];
    const embedder: Embedder = {
      ...createFakeEmbedder(2),
      async embed(texts) {
        sizes.push(texts.length);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return texts.map((text) => Float32Array.of(Number(text), 0));
      },
    };
    const { gateway } = setUp([{}], { maxEmbedBatch: 3, maxConcurrentEmbedBatches: 2 }, embedder);
    const texts = Array.from({ length: 10 }, (_, index) => String(index));
    const results = await Promise.all([1, 2, 3, 4].map(() => gateway.embed(texts, AbortSignal.timeout(5_000))));
    for (const vectors of results) expect(vectors.map((vector) => vector[0])).toEqual(texts.map(Number));
    expect(most).toBe(2);
    expect(Math.max(...sizes)).toBe(3);
  });

  it('says that the caller left while texts were embedded', async () => {
    const stop = new AbortController();
    const embedder: Embedder = {
      ...createFakeEmbedder(2),
      embed: async (_texts, signal) => {
        stop.abort();
        signal.throwIfAborted();
        return [];
      },
    };
    const { gateway } = setUp([{}], {}, embedder);
    await expect(gateway.embed(['a'], stop.signal)).rejects.toMatchObject({ code: 'MODEL_CALL_ABORTED' });
  });

  it('refuses vectors of another space and keeps serving', async () => {
    const dimensions = [3, 2];
    const embedder: Embedder = {
      ...createFakeEmbedder(2),
      embed: async (texts) => texts.map(() => new Float32Array(dimensions.shift() ?? 2)),
    };
    const { gateway } = setUp([{}], { maxConcurrentEmbedBatches: 1 }, embedder);
    await expect(gateway.embed(['a'], AbortSignal.timeout(100))).rejects.toThrow('did not give one vector');
    expect(await gateway.embed(['a'], AbortSignal.timeout(100))).toHaveLength(1);
  });
});
