/** Requests with an Idempotency-Key: carried out once, answered the same way each time. */
import { createHash } from 'node:crypto';
import type { Admission, Idempotency, KeptReply } from '#platform/idempotency/idempotency.ts';
import { nextTurn } from '#platform/pace.ts';
import type { Caller } from '#platform/permissions.ts';
import { formatEvent } from '../reply/event-stream.ts';
import { toProblem } from '../reply/problem.ts';
import type { Route, ServerSentEvent } from '../route.ts';

export const idempotencyHeader = 'idempotency-key';

export type OnceRequest = {
  route: Route;
  caller: Caller;
  key: string;
  /** Path and query as they came. */
  target: string;
  body: Buffer | undefined;
};

export async function admitOnce(
  idempotency: Idempotency,
  { route, caller, key, target, body }: OnceRequest,
): Promise<{ reply: KeptReply } | { admission: Admission }> {
  return idempotency.admit({
    organizationId: caller.organizationId,
    subjectId: caller.subjectId,
    key,
    fingerprint: await fingerprintOf(`${route.method} ${target}`, body),
    mayRepeat: route.mayRepeat === true,
  });
}

const sliceBytes = 2 ** 20;

/** In slices: a body may have a hundred megabytes, and others want to be served meanwhile. */
async function fingerprintOf(head: string, body: Buffer | undefined): Promise<Buffer> {
  const hash = createHash('sha256').update(head).update('\n');
  for (let start = 0; body !== undefined && start < body.length; start += sliceBytes) {
    if (start > 0) await nextTurn();
    hash.update(body.subarray(start, start + sliceBytes));
  }
  return hash.digest();
}

/** Refusals that may be over a moment later are no result. */
const passingStatuses = new Set([401, 403, 408, 409, 429]);

/** A refusal for good is a reply like any other; after anything else the request may be sent again. */
export async function keepFailure(admission: Admission, error: unknown, requestId: string): Promise<void> {
  const { status, body, headers } = toProblem(error, requestId);
  // Past its time limit the work may still go on: the lock stays until it lapses.
  if (body.code === 'HANDLER_TIMEOUT') return;
  if (status < 500 && !passingStatuses.has(status)) {
    await admission.keep({ status, headers, cookies: [], body: JSON.stringify(body) });
  } else await admission.release();
}

/** Passes a stream on and keeps it when it came to its end. */
export async function* keepEvents(
  events: AsyncIterable<ServerSentEvent>,
  admission: Admission,
  maxBytes: number,
): AsyncIterable<ServerSentEvent> {
  let text = '';
  for await (const event of events) {
    if (text.length <= maxBytes) text += formatEvent(event);
    yield event;
  }
  if (text.length > maxBytes) return;
  const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
  await admission.keep({ status: 200, headers, cookies: [], body: text });
}
