/** Text in the legacy encodings of East Asia, told apart by which characters it would be made of. */

export type EastAsianText = { text: string; label: string };

type Encoding = {
  label: string;
  /** Characters that text of this encoding is mostly made of, by their lead byte. */
  isFrequent(lead: number): boolean;
};

const encodings: readonly Encoding[] = [
  { label: 'Shift_JIS', isFrequent: (lead) => (lead >= 0x81 && lead <= 0x83) || (lead >= 0x88 && lead <= 0x97) },
  { label: 'EUC-JP', isFrequent: (lead) => lead === 0xa1 || lead === 0xa4 || lead === 0xa5 },
  { label: 'EUC-KR', isFrequent: (lead) => lead >= 0xb0 && lead <= 0xc8 },
  { label: 'GB18030', isFrequent: (lead) => lead >= 0xb0 && lead <= 0xd7 },
  { label: 'Big5', isFrequent: (lead) => lead >= 0xa4 && lead <= 0xc6 },
];

const sampleBytes = 65_536;
/** Least share of frequent characters, in the order of `encodings`: kana are rarer in Japanese than hangul in Korean. */
const leastFrequent: Readonly<Record<string, number>> = {
  Shift_JIS: 0.75,
  'EUC-JP': 0.35,
  'EUC-KR': 0.9,
  GB18030: 0.75,
  Big5: 0.85,
};
/** Characters of these scripts stand side by side; the odd accent or curly quote of a Western text stands alone. */
const leastNeighbours = 0.7;

/** The text when the bytes fit one of the encodings and look like people's writing in it; undefined otherwise. */
export function decodeEastAsian(bytes: Uint8Array): EastAsianText | undefined {
  const sample = bytes.subarray(0, sampleBytes);
  for (const { label, isFrequent } of encodings) {
    const found = countPairs(sample, label === 'Shift_JIS', isFrequent);
    if (found.pairs < 2 || found.single > found.pairs) continue;
    if (found.frequent < found.pairs * (leastFrequent[label] ?? 1)) continue;
    if (found.neighbours < found.pairs * leastNeighbours || found.isMonotonous) continue;
    const text = decodeStrictly(bytes, label);
    if (text !== undefined) return { text, label };
  }
  return undefined;
}

/** Two-byte characters, how many of them are frequent or stand beside another, and single high bytes (half-width kana). */
function countPairs(bytes: Uint8Array, isShiftJis: boolean, isFrequent: (lead: number) => boolean) {
  const found = { pairs: 0, frequent: 0, neighbours: 0, single: 0, isMonotonous: false };
  const counts = new Map<number, number>();
  const isSingle = (byte: number): boolean => byte < 0x80 || (isShiftJis && byte >= 0xa0 && byte <= 0xdf);
  let lastEnd = -1;
  for (let index = 0; index < bytes.length; index += 1) {
    const lead = bytes[index] ?? 0;
    if (isSingle(lead)) {
      found.single += Number(lead >= 0x80);
      continue;
    }
    const pair = lead * 256 + (bytes[index + 1] ?? 0);
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
    found.pairs += 1;
    found.frequent += Number(isFrequent(lead));
    found.neighbours += Number(lastEnd === index || (bytes[index + 2] ?? 0) >= 0x80);
    index += 1;
    lastEnd = index + 1;
  }
  // The same character over and over is a pattern of bytes, not writing.
  found.isMonotonous = found.pairs > 20 && Math.max(...counts.values()) > found.pairs / 2;
  return found;
}

function decodeStrictly(bytes: Uint8Array, label: string): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    // The bytes break the rules of this encoding: another may fit.
    return undefined;
  }
}
