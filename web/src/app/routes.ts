/** Which address shows what. */
import type { Passage } from '../lib/passage.ts';

export type Route =
  | { page: 'ask'; conversationId: string | undefined }
  | { page: 'documents' }
  | { page: 'document'; documentId: string; range: { start: number; end: number } | undefined }
  | { page: 'not-found' };

export function toRoute(url: URL): Route {
  const [first, second, ...rest] = url.pathname.split('/').filter((part) => part !== '');
  if (rest.length > 0) return { page: 'not-found' };
  if (first === undefined) return { page: 'ask', conversationId: undefined };
  if (first === 'conversations' && second !== undefined) return { page: 'ask', conversationId: decode(second) };
  if (first !== 'documents') return { page: 'not-found' };
  if (second === undefined) return { page: 'documents' };
  return { page: 'document', documentId: decode(second), range: toRange(url.searchParams) };
}

/** The passage that is open beside the answer: `?document=…&start=…&end=…`. Back closes it, a reload keeps it. */
export function toPassage(url: URL): Passage | undefined {
  const documentId = url.searchParams.get('document');
  const range = toRange(url.searchParams);
  return documentId === null || range === undefined ? undefined : { documentId, ...range };
}

export function withPassage(path: string, { documentId, start, end }: Passage): string {
  return `${path}?${new URLSearchParams({ document: documentId, start: String(start), end: String(end) })}`;
}

/** An address that a person mangled leads to "not found" on the server, never to an exception here. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function toRange(query: URLSearchParams): { start: number; end: number } | undefined {
  const [start, end] = ['start', 'end'].map((name) => Number(query.get(name) ?? Number.NaN));
  const isRange = start !== undefined && end !== undefined && Number.isSafeInteger(start) && Number.isSafeInteger(end);
  return isRange && start >= 0 && end > start ? { start, end } : undefined;
}
