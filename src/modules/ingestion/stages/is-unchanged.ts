import type { FoundDocument } from '#modules/corpus/index.ts';
import { toTitle } from '../parsing/document-title.ts';
import type { Original } from './prepare-document.ts';

/** True when the document that is stored was made from these bytes by this pipeline, and is called as it shall be. Pure. */
export function isUnchanged(
  { contentHash, title }: Pick<Original, 'contentHash' | 'title'>,
  pipeline: string,
  stored: Pick<FoundDocument, 'contentHash' | 'pipeline' | 'title'>,
): boolean {
  const givenTitle = toTitle(title ?? '');
  const isSameTitle = givenTitle === '' || givenTitle === stored.title;
  return stored.contentHash === contentHash && stored.pipeline === pipeline && isSameTitle;
}
