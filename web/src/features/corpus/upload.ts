/** One file on its way. Pure: what the upload list shows. */
import type { UploadReply } from '#modules/corpus/contract.ts';
import type { Problem } from '../../lib/http.ts';

export type Upload = { key: string; name: string } & (
  | { state: 'queued' }
  /** `share` of the bytes that were sent, 0 to 1. */
  | { state: 'sending'; share: number }
  | { state: 'stored'; reply: UploadReply }
  | { state: 'failed'; problem: Problem }
);

/** Most files taken in one go; folders belong to the command line. */
export const maxFiles = 200;

export function describeUpload(upload: Upload): string {
  switch (upload.state) {
    case 'queued':
      return 'Waiting';
    case 'sending':
      return upload.share < 1 ? `Sending, ${Math.floor(upload.share * 100)} %` : 'Reading the document';
    case 'failed':
      return upload.problem.message;
    case 'stored':
      return outcomes[upload.reply.outcome];
  }
}

const outcomes: Record<UploadReply['outcome'], string> = {
  created: 'Added',
  updated: 'Updated',
  unchanged: 'Unchanged, it was already here',
};
