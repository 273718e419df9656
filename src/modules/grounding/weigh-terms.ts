/** How much a word counts: rare words among the sentences say more; a word that none holds says most. */
export type TermWeights = (term: string) => number;

export function weighTerms(sentences: readonly { terms: ReadonlySet<string> }[]): TermWeights {
  const holders = new Map<string, number>();
  for (const { terms } of sentences) for (const term of terms) holders.set(term, (holders.get(term) ?? 0) + 1);
  const count = sentences.length;
  return (term) => {
    const held = holders.get(term) ?? 0;
    return Math.log(1 + (count - held + 0.5) / (held + 0.5));
  };
}

/** Share in [0, 1] of the wanted terms' weight that is held; 0 when nothing is wanted. */
export function coverage(wanted: ReadonlySet<string>, held: ReadonlySet<string>, weightOf: TermWeights): number {
  let covered = 0;
  let whole = 0;
  for (const term of wanted) {
    const weight = weightOf(term);
    whole += weight;
    if (held.has(term)) covered += weight;
  }
  return whole === 0 ? 0 : covered / whole;
}

/** The terms of both. */
export function unite(left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...left, ...right]);
}

/** Cosine of two vectors; 0 when one of them is all zero. */
export function cosine(left: Float32Array | undefined, right: Float32Array | undefined): number {
  if (left === undefined || right === undefined) return 0;
  let product = 0;
  let leftSquare = 0;
  let rightSquare = 0;
  for (let at = 0; at < left.length; at += 1) {
    const a = left[at] ?? 0;
    const b = right[at] ?? 0;
    product += a * b;
    leftSquare += a * a;
    rightSquare += b * b;
  }
  return leftSquare === 0 || rightSquare === 0 ? 0 : product / Math.sqrt(leftSquare * rightSquare);
}
