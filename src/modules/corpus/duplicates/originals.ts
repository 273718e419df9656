/** Originals by what they are looked up by: the hash of their text and the bands of their signature. */
import type { Compared } from './compare-documents.ts';

export type Originals = {
  add(document: Compared): void;
  remove(document: Compared): void;
  /** All that have the text or a band in common. */
  alike(document: Compared): Set<Compared>;
};

export function createOriginals(): Originals {
  const byId = new Map<string, Compared>();
  const byKey = new Map<string | bigint, Set<Compared>>();
  const keysOf = ({ textHash, bands }: Compared) => (textHash === undefined ? bands : [textHash, ...bands]);

  return {
    add(document) {
      byId.set(document.id, document);
      for (const key of keysOf(document)) byKey.set(key, (byKey.get(key) ?? new Set()).add(document));
    },
    remove({ id }) {
      const document = byId.get(id);
      if (document === undefined) return;
      byId.delete(id);
      for (const key of keysOf(document)) byKey.get(key)?.delete(document);
    },
    alike: (document) => new Set(keysOf(document).flatMap((key) => [...(byKey.get(key) ?? [])])),
  };
}
