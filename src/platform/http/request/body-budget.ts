/** How much memory the bodies of all requests in flight may take together: many large ones at once wait, none ends the process. */
import type { FastifyInstance } from 'fastify';
import { AppError } from '#platform/errors.ts';
import type { HttpConfig } from '../config.ts';

/** Bodies up to this size are not counted: the number of connections bounds them. */
const uncountedBytes = 65_536;

/** Counts what a body may become: its declared length, or the route's limit where none is declared. */
export function guardBodyMemory(app: FastifyInstance, { maxBodyBytesInFlight }: HttpConfig): void {
  let reservedBytes = 0;
  app.addHook('preParsing', (request, { raw: response }, payload, done) => {
    const { bodyLimit } = request.routeOptions;
    const declared = Number(request.headers['content-length'] ?? bodyLimit);
    // What the route refuses is not read, and who is gone while it was looked who asks will never be done.
    const isRead = declared <= bodyLimit && !response.destroyed && !request.raw.destroyed;
    const bytes = isRead && declared > uncountedBytes ? declared : 0;
    // One body alone is always taken.
    if (bytes > 0 && reservedBytes > 0 && reservedBytes + bytes > maxBodyBytesInFlight) {
      done(busy());
      return;
    }
    reservedBytes += bytes;
    response.once('close', () => {
      reservedBytes -= bytes;
    });
    done(null, payload);
  });
}

function busy(): AppError {
  return new AppError('SERVER_BUSY', 'unavailable', 'Too many large uploads are on their way. Try again shortly.', {
    details: { retryAfterSeconds: 1 },
  });
}
