import type { IncomingMessage } from 'node:http';

const mostBytes = 8_388_608;

/** True when the head announces a body: then its bytes are on their way, whoever reads them. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * For a request that is answered before its body was read: what is still coming is thrown away for `lingerMs`, and nothing
 * of it is taken for a request. A connection that is closed with unread bytes is reset, and the sender's system then drops
 * the answer that its program has not read.
 */
export function lingerAfter({ socket }: IncomingMessage, lingerMs: number): void {
  socket.destroySoon = () => {
    const readBefore = socket.bytesRead;
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
    socket.removeAllListeners('data');
    socket.on('data', () => {
      if (socket.bytesRead - readBefore > mostBytes) socket.destroy();
    });
    socket.end();
    socket.resume();
  };
}
