import { createHash } from 'node:crypto';
import { uploadsKind } from '../sources/corpus-external-id.ts';

/** The built-in source for what is sent into a collection without naming one. Undefined: the collection `default`. */
export function uploadSource(organizationId: string, collectionId: string | undefined) {
  const name = collectionId === undefined ? uploadsKind : `${uploadsKind} ${collectionId}`;
  return { id: uploadSourceId(organizationId, collectionId), name, collectionId };
}

/** Always the same, so that nobody has to look it up. UUIDv8. */
function uploadSourceId(organizationId: string, collectionId: string | undefined): string {
  const hex = createHash('sha256')
    .update(`uploads\n${organizationId}\n${collectionId ?? ''}`)
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
