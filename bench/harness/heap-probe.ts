/** Looks at the memory of a Node process after a full collection, through its inspector. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type HeapReading = {
  /** Live objects, buffers included, in MiB. */
  liveMiB: number;
  /** Resident set of the process, in MiB. */
  rssMiB: number;
};

export type HeapProbe = {
  /** Collects all garbage, then reads. */
  read(): Promise<HeapReading>;
  close(): void;
};

const openDeadlineMs = 10_000;

/** Settings for the process to be looked at, and what opens its inspector afterwards. */
export async function prepareHeapProbe(): Promise<{
  settings: Record<string, string>;
  open(pid: number): Promise<HeapProbe>;
}> {
  const port = await freePort();
  return {
    settings: { NODE_OPTIONS: `--inspect-port=127.0.0.1:${port}` },
    async open(pid) {
      process.kill(pid, 'SIGUSR1');
      const socket = new WebSocket(await addressOf(port));
      await new Promise((resolve, reject) => {
        socket.addEventListener('open', resolve, { once: true });
        socket.addEventListener('error', () => reject(new Error('The inspector refused the connection.')), {
          once: true,
        });
      });
      const ask = createAsk(socket);
      return {
        async read() {
          await ask('HeapProfiler.collectGarbage', {});
          const answer = await ask<Evaluated>('Runtime.evaluate', { expression, returnByValue: true });
          const { heapUsed, external, rss } = answer.result.value;
          return { liveMiB: (heapUsed + external) / 2 ** 20, rssMiB: rss / 2 ** 20 };
        },
        close: () => socket.close(),
      };
    },
  };
}

const expression = 'process.memoryUsage()';
type Evaluated = { result: { value: { heapUsed: number; external: number; rss: number } } };

async function addressOf(port: number): Promise<string> {
  for (const endsMs = performance.now() + openDeadlineMs; performance.now() < endsMs; await sleep(50)) {
    const targets = await fetch(`http://127.0.0.1:${port}/json/list`).then(
      async (reply) => (await reply.json()) as { webSocketDebuggerUrl: string }[],
      () => [],
    );
    if (targets[0] !== undefined) return targets[0].webSocketDebuggerUrl;
  }
  throw new Error(`The inspector did not open within ${openDeadlineMs} ms.`);
}

function createAsk(socket: WebSocket) {
  let last = 0;
  return <Answer>(method: string, parameters: object): Promise<Answer> => {
    last += 1;
    const id = last;
    return new Promise((resolve, reject) => {
      const hear = ({ data }: MessageEvent): void => {
        const message = JSON.parse(String(data)) as { id?: number; result?: Answer; error?: { message: string } };
        if (message.id !== id) return;
        socket.removeEventListener('message', hear);
        if (message.error === undefined) resolve(message.result as Answer);
        else reject(new Error(message.error.message));
      };
      socket.addEventListener('message', hear);
      socket.send(JSON.stringify({ id, method, params: parameters }));
    });
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
