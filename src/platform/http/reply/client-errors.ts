/** What is not even HTTP never reaches a route: it is answered on the bare socket, as a problem all the same. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { AppError } from '#platform/errors.ts';
import { toProblem } from './problem.ts';

function toAppError({ code }: { code?: string }): AppError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new AppError('REQUEST_TIMEOUT', 'invalid', 'The request did not arrive in time.');
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new AppError(
      'HEAD_TOO_LARGE',
      'invalid',
      'The request head is larger than this server accepts. Shorten the address or the headers; a long question goes into the body of POST /api/v1/chat/message.',
    );
  }
  return new AppError('REQUEST_MALFORMED', 'invalid', 'The request is not valid HTTP.');
}

/** Answers a broken request and closes its connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body, headers } = toProblem(toAppError(error), requestId);
  const text = JSON.stringify(body);
  const head = { ...headers, 'content-length': String(Buffer.byteLength(text)), connection: 'close' };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${text}`);
  // The client may still be sending what nobody will read.
  socket.destroySoon();
}
