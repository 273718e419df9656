import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AppError, type ErrorCatalogue } from './errors.ts';
import type { Secret } from './secret.ts';

/** The place in a list where the next page starts: the sort key and id of the last item that was shown. */
export type CursorPlace = { sortKey: string; id: string };

/** Turns places into the opaque `next_cursor` of lists and back. A cursor holds only for the list and filter it was made for. */
export type Cursors = {
  write(list: string, filter: unknown, place: CursorPlace): string;
  /** Throws `CURSOR_INVALID` for a cursor that we did not sign for this list and filter. */
  read(list: string, filter: unknown, cursor: string): CursorPlace;
};

export const cursorErrors = {
  CURSOR_INVALID: 'The cursor was not made for this list and filter. Start again without a cursor.',
} as const satisfies ErrorCatalogue;

const signatureBytes = 16;

/** `key` must be the same in every process that serves the same lists. */
export function createCursors(key: Secret): Cursors {
  const sign = (list: string, filter: unknown, payload: string) => {
    const filterHash = createHash('sha256')
      .update(JSON.stringify(filter ?? null))
      .digest('hex');
    const mac = createHmac('sha256', key.reveal()).update(`cursor\n${list}\n${filterHash}\n${payload}`);
    return mac.digest().subarray(0, signatureBytes);
  };
  return {
    write(list, filter, place) {
      const payload = JSON.stringify([place.sortKey, place.id]);
      return Buffer.concat([sign(list, filter, payload), Buffer.from(payload)]).toString('base64url');
    },
    read(list, filter, cursor) {
      const bytes = Buffer.from(cursor, 'base64url');
      const payload = bytes.subarray(signatureBytes).toString();
      const signature = bytes.subarray(0, signatureBytes);
      if (signature.length !== signatureBytes || !timingSafeEqual(signature, sign(list, filter, payload))) {
        throw new AppError('CURSOR_INVALID', 'invalid', cursorErrors.CURSOR_INVALID);
      }
      const [sortKey, id] = JSON.parse(payload) as [string, string];
      return { sortKey, id };
    },
  };
}
