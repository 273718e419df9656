import type { IncomingMessage } from 'node:http';

/** Long enough for the answer to arrive, and for its sender to look. */
const lingerMs = 500;
const mostBytes = 8_388_608;

/**
 * For a request that is answered before its body was read: what is still coming is thrown away for a moment. A connection
 * that is closed with unread bytes is reset, and the sender's system then drops the answer that its program has not read.
 */
export function lingerAfter(request: IncomingMessage): void {
  const { socket } = request;
  socket.destroySoon = () => {
    const readBefore = socket.bytesRead;
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
    socket.on('data', () => {
      if (socket.bytesRead - readBefore > mostBytes) socket.destroy();
    });
    socket.end();
    request.resume();
  };
}
