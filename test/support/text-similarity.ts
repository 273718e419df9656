/** How alike two texts are for a reader: by words, blind to markup. The definition stands in `test/assurance/documents.ts`. */

const mostWords = 40_000;

/** 2M/T over words, in [0, 1]; 1 when both are empty. */
export function similarityOf(left: string, right: string): number {
  const [a, b] = [toWords(left), toWords(right)];
  return a.length + b.length === 0 ? 1 : (2 * longestCommon(a, b)) / (a.length + b.length);
}

/** Share of the expected words that are not there at all, wherever they stand; 0 when nothing was expected. */
export function lostShareOf(text: string, expected: string): number {
  const left = new Map<string, number>();
  for (const word of toWords(text)) left.set(word, (left.get(word) ?? 0) + 1);
  const words = toWords(expected);
  const lost = words.filter((word) => {
    const count = left.get(word) ?? 0;
    left.set(word, count - 1);
    return count <= 0;
  });
  return words.length === 0 ? 0 : lost.length / words.length;
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' };

export function toWords(text: string): string[] {
  return text
    .normalize('NFC')
    .replaceAll(/<!--[\s\S]*?-->/g, ' ')
    .replaceAll(/!\[(?:\\.|[^\]\\\n])*\]\((?:[^()\n]|\([^()\n]*\))*\)/g, ' ')
    .replaceAll(/\[((?:\\.|[^\]\\\n])*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+"[^"\n]*")?\)/g, '$1')
    .replaceAll(/<\/?[a-z][^<>]{0,200}>/gi, ' ')
    .replaceAll(/&(amp|lt|gt|quot|nbsp);/g, (_, name: string) => entities[name] ?? ' ')
    .replaceAll(/^\s*(?:```|~~~).*$/gm, ' ')
    .replaceAll(/\\([\\`*_{}[\]()#+.!|<>-])/g, '$1')
    .replaceAll(/(?<=^|\s)[-=]{3,}(?=\s|$)/g, ' ')
    .replaceAll(/[|*_`#~]/g, ' ')
    .split(/\s+/)
    .map((word) => word.replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu, ''))
    .filter((word) => word !== '')
    .slice(0, mostWords);
}

/** Length of the longest common subsequence, after Hunt and Szymanski: fast where most words are rare. */
function longestCommon(left: readonly string[], right: readonly string[]): number {
  const places = new Map<string, number[]>();
  for (const [index, word] of right.entries()) {
    const known = places.get(word);
    if (known === undefined) places.set(word, [index]);
    else known.push(index);
  }
  const ends: number[] = [];
  for (const word of left) {
    for (const place of (places.get(word) ?? []).toReversed()) ends[firstAtLeast(ends, place)] = place;
  }
  return ends.length;
}

function firstAtLeast(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
