import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStaticEmbedder } from './static-embedder.ts';

const { signal } = new AbortController();
const vocabulary = ['[PAD]', '[UNK]', 'red', 'green', '##ish', ',', 'blue'];
const rows = [0, 0, 9, 9, 2, 0, 0, 3, 1, 1, 0, 1, 0, 0];

const tokenizer = JSON.stringify({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: null,
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
  },
});

function toModelFile(header: unknown, numbers: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, numbers]);
}

const tensor = { dtype: 'I8', shape: [7, 2], data_offsets: [0, 14] };
const goodModel = toModelFile({ embeddings: tensor }, new Uint8Array(Int8Array.from(rows).buffer));

describe('openStaticEmbedder', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'static-embedder-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
  });
  const open = async (model: Buffer | string = goodModel, tokens: string = tokenizer) => {
    await writeFile(join(directory, 'model.safetensors'), model);
    await writeFile(join(directory, 'tokenizer.json'), tokens);
    return openStaticEmbedder(directory);
  };

  it('gives the mean of the known tokens’ rows, brought to length 1', async () => {
    const embedder = await open();
    const [red, mixed, split, unknown, empty] = await embedder.embed(
      ['Red', 'red, green', 'greenish', 'purple', ' '],
      signal,
    );
    expect([...red!]).toEqual([1, 0]);
    expect([...mixed!].map((value) => Math.round(value * 1000))).toEqual([447, 894]);
    expect([...split!].map((value) => Math.round(value * 1000))).toEqual([243, 970]);
    expect([...unknown!, ...empty!]).toEqual([0, 0, 0, 0]);
    expect(embedder.space).toMatchObject({ provider: 'static', dimensions: 2, normalised: true });
    expect(embedder.space.revision).toMatch(/^[0-9a-f]{12}$/);
  });

  it('reads a model of 32-bit numbers as well', async () => {
    const numbers = new Uint8Array(Float32Array.from(rows).buffer);
    const embedder = await open(
      toModelFile({ embeddings: { dtype: 'F32', shape: [7, 2], data_offsets: [0, 56] } }, numbers),
    );
    expect([...(await embedder.embed(['red'], signal))[0]!]).toEqual([1, 0]);
  });

  it('counts tokens, not words, unknown and endless ones too', async () => {
    const embedder = await open();
    expect(embedder.countTokens('greenish red, purple')).toBe(5);
    expect(embedder.countTokens('')).toBe(0);
    expect(embedder.countTokens('我们')).toBe(2);
    // Unknown words without an end are counted by their length, in pieces of 40 signs: 3 tokens each.
    expect(embedder.countTokens('z'.repeat(16_000))).toBe(1_200);
    expect(embedder.countTokens('我们'.repeat(1_000))).toBe(2_000);
    expect(embedder.countTokens(`a${'😀'.repeat(1_000)}`)).toBeGreaterThan(100);
  });

  it('takes linear time on text without white space', async () => {
    const embedder = await open();
    const began = performance.now();
    for (const unit of ['a', '字', ',', 'é,']) await embedder.embed([unit.repeat(200_000)], signal);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('changes its revision with the model’s numbers', async () => {
    const other = Buffer.from(goodModel);
    other[other.length - 1] = 7;
    const [one, two] = [await open(), await open(other)];
    expect(one.space.revision).not.toBe(two.space.revision);
  });

  it.each([
    ['is empty', Buffer.alloc(0)],
    ['is something else', 'version https://git-lfs.github.com/spec/v1 and more'],
    ['has a broken header', Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{{{')])],
    ['is cut off', goodModel.subarray(0, goodModel.length - 1)],
    ['has no embeddings', toModelFile({ weights: tensor }, new Uint8Array(14))],
    ['has a mapping', toModelFile({ embeddings: tensor, mapping: tensor }, new Uint8Array(14))],
    ['has numbers of an unknown kind', toModelFile({ embeddings: { ...tensor, dtype: 'F64' } }, new Uint8Array(14))],
    ['has an impossible shape', toModelFile({ embeddings: { ...tensor, shape: [-7, -2] } }, new Uint8Array(14))],
    ['has a header that is no object', toModelFile(null, new Uint8Array(14))],
    ['declares no shape', toModelFile({ embeddings: { dtype: 'I8' } }, new Uint8Array(14))],
  ])('refuses a model that %s', async (_name, model) => {
    await expect(open(model)).rejects.toMatchObject({ code: 'MODEL_INVALID', message: /nexus models pull/ });
  });

  it('refuses a tokenizer that cannot be read', async () => {
    await expect(open(goodModel, '{')).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      details: { file: 'tokenizer.json' },
    });
    await expect(open(goodModel, '{}')).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('names the missing file and what to do', async () => {
    await expect(openStaticEmbedder(join(directory, 'nowhere'))).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: /model\.safetensors.*NEXUS_MODEL_DIR/,
    });
  });

  it('stops when the caller gives up', async () => {
    const embedder = await open();
    const stopping = new AbortController();
    const work = embedder.embed(
      Array.from({ length: 100_000 }, () => 'red'),
      stopping.signal,
    );
    stopping.abort();
    await expect(work).rejects.toMatchObject({ code: 'MODEL_CALL_ABORTED' });
  });
});

const data = process.env.NEXUS_TEST_DATA ?? '../shared/data';
const modelDirectory = join(data, 'models', 'potion-base-4M-int8');
const pairsFile = join(data, 'stsb-mrpc', 'sts-test.csv.gz');
const isMissing = !existsSync(modelDirectory) || !existsSync(pairsFile);

describe.skipIf(isMissing && process.env.CI !== 'true')('potion-base-4M-int8 (NEXUS_TEST_DATA)', () => {
  it('orders pairs of sentences by meaning: Spearman 0.743 on the STS benchmark', async () => {
    const embedder = await openStaticEmbedder(modelDirectory);
    const lines = gunzipSync(readFileSync(pairsFile)).toString().trim().split('\n');
    const pairs = lines.map((line) => line.split('\t'));
    const left = await embedder.embed(
      pairs.map((fields) => fields[5]!),
      signal,
    );
    const right = await embedder.embed(
      pairs.map((fields) => fields[6]!),
      signal,
    );
    const cosines = left.map((vector, at) => vector.reduce((sum, value, place) => sum + value * right[at]![place]!, 0));
    const grades = pairs.map((fields) => Number(fields[4]));
    expect(spearman(cosines, grades)).toBeCloseTo(0.743, 2);
  });
});

function spearman(one: number[], other: number[]): number {
  const [left, right] = [toRanks(one), toRanks(other)];
  const middle = (one.length - 1) / 2;
  const product = (first: number[], second: number[]): number =>
    first.reduce((sum, value, at) => sum + (value - middle) * (second[at]! - middle), 0);
  return product(left, right) / Math.sqrt(product(left, left) * product(right, right));
}

function toRanks(values: number[]): number[] {
  const sorted = [...values].sort((value, other) => value - other);
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  for (const [rank, value] of sorted.entries()) {
    if (!first.has(value)) first.set(value, rank);
    last.set(value, rank);
  }
  return values.map((value) => (first.get(value)! + last.get(value)!) / 2);
}
