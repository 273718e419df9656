/**
 * Remembers what `compute` gave for a word, for the words seen last: at least `size`, at most twice as many. Keeps
 * copies, so that a remembered word does not keep alive the text from which it was cut.
 */
export function rememberWords<Value>(size: number, compute: (word: string) => Value): (word: string) => Value {
  let fresh = new Map<string, Value>();
  let aged = new Map<string, Value>();
  return (word) => {
    const known = fresh.get(word);
    if (known !== undefined) return known;
    const copy = detached(word);
    const value = aged.get(word) ?? compute(copy);
    if (fresh.size >= size) {
      aged = fresh;
      fresh = new Map();
    }
    fresh.set(copy, value);
    return value;
  };
}

/** The engine keeps a slice as a pointer into its parent; going through bytes makes a string of its own. */
export function detached(word: string): string {
  return Buffer.from(word, 'utf16le').toString('utf16le');
}
