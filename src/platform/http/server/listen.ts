import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { AppError } from '#platform/errors.ts';

export type ListenTarget = {
  host: string;
  port: number;
  /** Environment name of the port's setting, for the advice when it is taken. */
  portVariable: string;
};

/** Where the server can be reached. */
export type Listening = { url: string; host: string; port: number };

function toAppError(error: unknown, { host, port, portVariable }: ListenTarget): AppError {
  const { code } = error as { code?: string };
  if (code === 'EADDRINUSE') {
    const message = `Port ${port} on ${host} is in use by another program. Stop that program, or choose another port: ${portVariable}=${port + 1}.`;
    return new AppError('PORT_IN_USE', 'conflict', message, { details: { host, port }, cause: error });
  }
  const why = { EACCES: 'this user may not open it', EADDRNOTAVAIL: 'this machine has no such address' }[code ?? ''];
  const message = `Cannot listen on ${host} port ${port}: ${why ?? code ?? 'the system refused'}. Choose another host or port: ${portVariable}=…`;
  return new AppError('LISTEN_FAILED', 'invalid', message, { details: { host, port }, cause: error });
}

/** Opens the port. Throws PORT_IN_USE or LISTEN_FAILED, naming the way out. */
export async function listen(app: FastifyInstance, target: ListenTarget): Promise<Listening> {
  try {
    await app.listen({ host: target.host, port: target.port });
  } catch (error) {
    throw toAppError(error, target);
  }
  const { address, port } = app.server.address() as AddressInfo;
  const unspecified = address === '0.0.0.0' || address === '::';
  const reachable = unspecified ? '127.0.0.1' : address;
  const host = reachable.includes(':') ? `[${reachable}]` : reachable;
  return { url: `http://${host}:${port}`, host: address, port };
}
