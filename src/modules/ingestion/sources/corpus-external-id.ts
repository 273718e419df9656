/** Kind of the source behind `POST /documents`, whose callers choose the external ids of the corpus themselves. */
export const uploadsKind = 'uploads';

/** Two sources may know a document by the same name in one collection; in the corpus each has its own. */
export function toCorpusExternalId(source: { id: string; kind: string }, externalId: string): string {
  return source.kind === uploadsKind ? externalId : `${source.id}:${externalId}`;
}
