import type { FoundDocument } from '#modules/corpus/index.ts';
import { toTitle } from '../parsing/document-title.ts';
import type { Original } from './prepare-document.ts';

/** True when the document that is stored was made from these bytes by this pipeline, and has the title and address that it shall have. Pure. */
export function isUnchanged(
  { contentHash, title, url }: Pick<Original, 'contentHash' | 'title' | 'url'>,
  pipeline: string,
  stored: Pick<FoundDocument, 'contentHash' | 'pipeline' | 'title' | 'sourceUrl'>,
): boolean {
  const givenTitle = toTitle(title ?? '');
  const isSameTitle = givenTitle === '' || givenTitle === stored.title;
  const isSameUrl = url === undefined || url === stored.sourceUrl;
  return stored.contentHash === contentHash && stored.pipeline === pipeline && isSameTitle && isSameUrl;
}
