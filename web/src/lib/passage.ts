/** A stretch of a document, as a citation names it. Offsets are UTF-16 code units. */
export type Passage = { documentId: string; start: number; end: number };

export function passageUrl({ documentId, start, end }: Passage): string {
  return `/documents/${encodeURIComponent(documentId)}?start=${start}&end=${end}`;
}
