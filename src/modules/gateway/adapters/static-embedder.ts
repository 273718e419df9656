import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { AppError } from '#platform/errors.ts';
import { rememberWords } from '#platform/text/remember-words.ts';
import { abortedError } from '../errors.ts';
import type { Embedder } from '../ports.ts';

/** Words remembered with their token ids, in each of two generations. */
const memoSize = 30_000;
/** Longer ones are encodings or sentences without spaces, which do not come twice. In UTF-16 code units. */
const longestMemoWord = 40;
/** Longer ones are no words and no addresses, and are read in pieces: the tokenizer takes long for them. */
const longestWholeWord = 400;
/** In code points: whole characters of scripts without spaces, which are tokens of their own. */
const pieces = /.{1,40}/gsu;
const pieceMemoSize = 1_000;
/** A run of signs that the vocabulary does not know is one token to the tokenizer; its size must count all the same. */
const longestToken = 16;
/** Read between two looks at the signal and at whoever else waits for the processor; a millisecond or two. */
const charactersPerTurn = 8_000;

type Rows = { values: Int8Array | Float32Array; count: number; dimensions: number };

/**
 * A Model2Vec model: each token has a row, a text is the mean of its rows, brought to length 1. Reads
 * `model.safetensors` and `tokenizer.json` of the directory once. Unknown tokens are left out, as in training.
 * Throws MODEL_NOT_FOUND, MODEL_INVALID.
 */
export async function openStaticEmbedder(directory: string): Promise<Embedder> {
  const [modelFile, tokenizerFile] = await Promise.all([
    readModelFile(directory, 'model.safetensors'),
    readModelFile(directory, 'tokenizer.json'),
  ]);
  const rows = parseRows(modelFile, directory);
  const readWord = createWordReader(tokenizerFile, rows, directory);
  return {
    space: {
      provider: 'static',
      model: directory.split(/[\\/]/).findLast((part) => part !== '') ?? 'model',
      revision: createHash('sha256').update(modelFile).digest('hex').slice(0, 12),
      dimensions: rows.dimensions,
      normalised: true,
    },
    async embed(texts, signal) {
      const vectors: Float32Array[] = [];
      let characters = 0;
      for (const text of texts) {
        if (characters >= charactersPerTurn) {
          await setImmediate();
          characters = 0;
        }
        if (signal.aborted) throw abortedError(signal);
        vectors.push(meanRow(rows, text, readWord));
        characters += text.length;
      }
      return vectors;
    },
    countTokens: (text) => wordsOf(text).reduce((count, word) => count + readWord(word).tokens, 0),
  };
}

/** The tokenizer cuts at white space before anything else, so words can be tokenized, and remembered, one by one. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\S+/g) ?? [];
}

/** What one word between white space is made of. */
type Word = {
  /** Rows of its known tokens. */
  ids: readonly number[];
  /** Number of its tokens, the unknown ones included: what a chunk's size is measured in. */
  tokens: number;
};

function createWordReader(file: Buffer, rows: Rows, directory: string): (word: string) => Word {
  try {
    const declaration = JSON.parse(file.toString('utf8')) as { model: { unk_token?: string } };
    const tokenizer = new Tokenizer(declaration, {});
    const unknown = tokenizer.token_to_id(declaration.model.unk_token ?? '[UNK]');
    const read = (word: string): Word => {
      const all: readonly number[] = tokenizer.encode(word, { add_special_tokens: false }).ids;
      const ids = all.filter((id) => id !== unknown && id < rows.count);
      return { ids, tokens: Math.max(all.length, Math.ceil(word.length / longestToken)) };
    };
    const remember = rememberWords(memoSize, read);
    const rememberPiece = rememberWords(pieceMemoSize, read);
    const readPieces = (word: string): Word => {
      const parts = (word.match(pieces) ?? []).map(rememberPiece);
      return { ids: parts.flatMap(({ ids }) => ids), tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0) };
    };
    return (word) => {
      if (word.length <= longestMemoWord) return remember(word);
      return word.length <= longestWholeWord ? read(word) : readPieces(word);
    };
  } catch (cause) {
    throw invalidModel(directory, 'tokenizer.json', 'is not a tokenizer that can be read', cause);
  }
}

function meanRow(rows: Rows, text: string, readWord: (word: string) => Word): Float32Array {
  const { values, dimensions } = rows;
  const sum = new Float32Array(dimensions);
  for (const word of wordsOf(text)) {
    for (const id of readWord(word).ids) {
      const from = id * dimensions;
      for (let at = 0; at < dimensions; at += 1) sum[at] = (sum[at] as number) + (values[from + at] as number);
    }
  }
  const length = Math.sqrt(sum.reduce((squares, value) => squares + value * value, 0));
  return length === 0 ? sum : sum.map((value) => value / length);
}

async function readModelFile(directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name));
  } catch (cause) {
    throw new AppError(
      'MODEL_NOT_FOUND',
      'not-found',
      `The embedding model has no readable ${name} in ${directory}. Set NEXUS_MODEL_DIR or run \`./nexus models pull\`.`,
      { details: { directory, file: name }, cause },
    );
  }
}

/** Reads the one tensor out of a safetensors file: header length (8 bytes, little-endian), JSON header, numbers. */
function parseRows(file: Buffer, directory: string): Rows {
  const fail = (why: string, cause?: unknown): AppError => invalidModel(directory, 'model.safetensors', why, cause);
  const headerBytes = file.length >= 8 ? file.readBigUInt64LE(0) : 0n;
  if (headerBytes === 0n || headerBytes > BigInt(file.length - 8)) throw fail('is cut off or not a safetensors file');
  const start = 8 + Number(headerBytes);
  const tensor = parseHeader(file.subarray(8, start).toString('utf8'), fail);
  const [count, dimensions] = tensor.shape;
  const bytesPerNumber = tensor.dtype === 'I8' ? 1 : 4;
  const [from, to] = tensor.data_offsets;
  if (to - from !== count * dimensions * bytesPerNumber || start + to > file.length || from < 0) {
    throw fail('is cut off: its numbers do not have the length that it declares');
  }
  // A copy has its own, aligned memory and lets the file's buffer go.
  const bytes = Uint8Array.from(file.subarray(start + from, start + to)).buffer;
  return { values: tensor.dtype === 'I8' ? new Int8Array(bytes) : new Float32Array(bytes), count, dimensions };
}

type Tensor = { dtype: string; shape: [number, number]; data_offsets: [number, number] };

function parseHeader(json: string, fail: (why: string, cause?: unknown) => AppError): Tensor {
  let header: Record<string, Tensor | null | undefined> | null;
  try {
    header = JSON.parse(json) as typeof header;
  } catch (cause) {
    throw fail('has a header that is not JSON', cause);
  }
  const tensor = header?.embeddings;
  if (!tensor) throw fail('has no tensor `embeddings`: it is no Model2Vec model');
  if (header?.mapping !== undefined || header?.weights !== undefined) {
    throw fail('has a vocabulary mapping or token weights, which are not supported');
  }
  const numbers = [tensor.shape, tensor.data_offsets].flat();
  const isWhole = numbers.length === 4 && numbers.every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!isWhole || tensor.shape[1] === 0) throw fail('declares a shape that is not rows by dimensions');
  if (tensor.dtype !== 'I8' && tensor.dtype !== 'F32')
    throw fail(`holds ${tensor.dtype} numbers; I8 and F32 are known`);
  return tensor;
}

function invalidModel(directory: string, file: string, why: string, cause?: unknown): AppError {
  return new AppError(
    'MODEL_INVALID',
    'invalid',
    `The embedding model's ${file} in ${directory} ${why}. Run \`./nexus models pull\` or set NEXUS_MODEL_DIR.`,
    { details: { directory, file }, cause },
  );
}
