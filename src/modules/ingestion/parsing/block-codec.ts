/** Blocks as numbers, five each: a long document has hundreds of thousands, too many for JSON between processes. */
import { type Block, blockKinds } from '../ports.ts';

const fields = 5;
const deepestLevel = 6;
/** As the database keeps it. */
const largestPage = 2 ** 31 - 1;

export function toBlockBytes(blocks: readonly Block[]): Uint8Array {
  const numbers = new Uint32Array(blocks.length * fields);
  blocks.forEach(({ kind, start, end, level = 0, page = 0 }, index) => {
    numbers.set([blockKinds.indexOf(kind), start, end, level, page], index * fields);
  });
  return new Uint8Array(numbers.buffer);
}

/** Undefined when the bytes are no ordered, non-empty blocks of a text of this length: the sender is not trusted. */
export function fromBlockBytes(bytes: Uint8Array, textLength: number): Block[] | undefined {
  if (bytes.byteLength % (fields * Uint32Array.BYTES_PER_ELEMENT) !== 0) return undefined;
  const numbers = new Uint32Array(Uint8Array.from(bytes).buffer);
  const blocks: Block[] = [];
  let previousEnd = 0;
  for (let at = 0; at < numbers.length; at += fields) {
    const [kindIndex = 0, start = 0, end = 0, level = 0, page = 0] = numbers.subarray(at, at + fields);
    const kind = blockKinds[kindIndex];
    if (kind === undefined || start < previousEnd || end <= start || end > textLength) return undefined;
    if (level > deepestLevel || page > largestPage) return undefined;
    previousEnd = end;
    blocks.push({ kind, start, end, ...(level > 0 && { level }), ...(page > 0 && { page }) });
  }
  return blocks;
}
