import type { DocumentText, DocumentView, UploadReply } from '#modules/corpus/contract.ts';
import { type Page, send, sendFile, sendJson, withQuery } from '../../lib/http.ts';

const documentsPath = '/api/v1/documents';
const documentPath = (documentId: string) => `${documentsPath}/${encodeURIComponent(documentId)}`;

export function listDocuments(cursor: string | undefined, signal: AbortSignal): Promise<Page<DocumentView>> {
  return sendJson('GET', withQuery(documentsPath, { limit: 50, cursor }), { signal });
}

export async function hasDocuments(signal: AbortSignal): Promise<boolean> {
  const page = await sendJson<Page<DocumentView>>('GET', withQuery(documentsPath, { limit: 1 }), { signal });
  return page.items.length > 0;
}

export async function deleteDocument(documentId: string): Promise<void> {
  await send('DELETE', documentPath(documentId));
}

type UploadOptions = { onProgress: (share: number) => void; signal: AbortSignal };

/** Sends the bytes as they are; the file's name is also what replaces it when it is sent again. */
export function uploadDocument(file: File, options: UploadOptions): Promise<UploadReply> {
  return sendFile(withQuery(documentsPath, { filename: file.name }), file, options);
}

export type TextRange = { start: number; end: number | undefined };

export function readText(documentId: string, range: TextRange, signal: AbortSignal): Promise<DocumentText> {
  return sendJson('GET', withQuery(`${documentPath(documentId)}/text`, range), { signal });
}
