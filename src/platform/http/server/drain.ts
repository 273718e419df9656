import type { FastifyInstance } from 'fastify';
import { AppError } from '#platform/errors.ts';
import type { RequestsInFlight } from '../request/requests-in-flight.ts';

const sweepMs = 25;
/** How long aborted requests may take to say goodbye. */
const farewellMs = 1000;

/** Stops accepting, lets requests in flight finish, aborts them at the deadline, and closes what is left. */
export async function drain(app: FastifyInstance, inFlight: RequestsInFlight, drainTimeoutMs: number): Promise<void> {
  // A connection whose request ended after the call of close() is idle too, and would otherwise be waited for.
  const sweep = setInterval(() => app.server.closeIdleConnections(), sweepMs);
  const stopping = new AppError('SERVER_STOPPING', 'unavailable', 'The server is stopping; send the request again.');
  const deadline = setTimeout(() => inFlight.abortAll(stopping), drainTimeoutMs);
  const end = setTimeout(() => app.server.closeAllConnections(), drainTimeoutMs + farewellMs);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(deadline);
    clearTimeout(end);
  }
}
