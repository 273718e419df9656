import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpWebhookTransport } from './http-webhook-transport.ts';

const settings = { allowPrivateAddresses: true, timeoutMs: 400, maxResponseBytes: 4096 };
const refused = 'The address leads to this machine or to a private network.';
const closables: (() => Promise<unknown>)[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closables.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

function open(overrides: Partial<typeof settings> = {}) {
  const transport = createHttpWebhookTransport({ ...settings, ...overrides });
  closables.push(transport.close);
  return (url: string) => transport.post({ url, headers: { 'x-test': '1' }, body: '{}' }, new AbortController().signal);
}

afterEach(async () => {
  for (const close of closables.splice(0).reverse()) await close();
});

describe('the HTTP transport', () => {
  it('posts once and tells the status', async () => {
    const url = await serve((_request, response) => response.writeHead(202).end('ok'));
    expect(await open()(url)).toMatchObject({ kind: 'answered', status: 202 });
  });

  it('gives up on a receiver that hangs', async () => {
    const url = await serve(() => undefined);
    const startMs = performance.now();
    expect(await open()(url)).toEqual({ kind: 'failed', reason: 'No answer within 400 ms.' });
    expect(performance.now() - startMs).toBeLessThan(2000);
  });

  it('waits no longer for an answer that comes drop by drop', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    const startMs = performance.now();
    expect(await open()(url)).toMatchObject({ kind: 'answered', status: 200 });
    expect(performance.now() - startMs).toBeLessThan(2000);
  });

  it('hears how long to wait, in seconds or as a date', async () => {
    const waitToldBy = async (header: string) => {
      const url = await serve((_request, response) => response.writeHead(503, { 'retry-after': header }).end());
      const answer = await open()(url);
      return answer.kind === 'answered' ? answer.retryAfterMs : answer;
    };
    expect(await waitToldBy('7')).toBe(7000);
    const waitMs = await waitToldBy(new Date(Date.now() + 60_000).toUTCString());
    expect(waitMs).toBeGreaterThan(50_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    for (const header of ['', 'soon', '-5', '0', new Date(0).toUTCString()]) {
      expect(await waitToldBy(header), header).toBeUndefined();
    }
  });

  it('does not follow redirects', async () => {
    let reached = false;
    const other = await serve((_request, response) => {
      reached = true;
      response.end();
    });
    const url = await serve((_request, response) => response.writeHead(307, { location: other }).end());
    expect(await open()(url)).toMatchObject({ kind: 'answered', status: 307 });
    expect(reached).toBe(false);
  });

  it('reads little of an answer of 1 GB', async () => {
    let sent = 0;
    const piece = Buffer.alloc(65_536);
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': String(1024 ** 3) });
      response.on('error', () => undefined);
      const pour = () => {
        while (sent < 1024 ** 3 && !response.destroyed) {
          sent += piece.length;
          if (!response.write(piece)) return void response.once('drain', pour);
        }
      };
      pour();
    });
    const before = process.memoryUsage().rss;
    expect(await open()(url)).toMatchObject({ kind: 'answered', status: 200 });
    expect(sent).toBeLessThan(16 * 1024 ** 2);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 ** 2);
  });

  it('refuses addresses of this machine and of private networks, by number and by name', async () => {
    const url = await serve((_request, response) => response.end());
    const post = open({ allowPrivateAddresses: false });
    const port = new URL(url).port;
    for (const host of ['127.0.0.1', '[::1]', '2130706433', '0x7f.1', 'localhost', '169.254.169.254', '10.0.0.1']) {
      expect(await post(`https://${host}:${port}/`), host).toEqual({ kind: 'failed', reason: refused });
    }
    expect(await post(url)).toMatchObject({ kind: 'failed', reason: 'It does not begin with https.' });
    expect(await post('https://user:secret@example.com/')).toMatchObject({ kind: 'failed' });
  });

  it('connects to no address but those it has judged, whatever the name leads to a moment later', async () => {
    const reached: string[] = [];
    const server = createNetServer((socket) => {
      reached.push(String(socket.localAddress));
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closables.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    // Public when it is asked for the first time, this machine from then on: whoever asks twice is led astray.
    const turns = [['192.88.98.1'], ['127.0.0.1'], ['93.184.216.34', '127.0.0.1'], ['::ffff:127.0.0.1']];
    let asked = 0;
    const transport = createHttpWebhookTransport(
      { ...settings, allowPrivateAddresses: false },
      (_name, _options, give) => {
        const addresses = turns[asked] ?? ['127.0.0.1'];
        asked += 1;
        give(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
      },
    );
    closables.push(transport.close);
    const url = `https://rebinding.example:${port}/`;
    const post = () => transport.post({ url, headers: {}, body: '{}' }, new AbortController().signal);
    const first = await post();
    expect(first).toMatchObject({ kind: 'failed' });
    expect(first).not.toMatchObject({ reason: refused });
    for (const _turn of turns.slice(1)) expect(await post()).toEqual({ kind: 'failed', reason: refused });
    expect(asked).toBe(turns.length);
    expect(reached).toEqual([]);
  });

  it('judges a name by the address that is connected to', async () => {
    // This machine's own name leads to itself; only the lookup can tell.
    const { hostname } = await import('node:os');
    const reply = await open({ allowPrivateAddresses: false })(`https://${hostname()}:1/`);
    expect(reply).toMatchObject({ kind: 'failed' });
    expect(reply).not.toMatchObject({ reason: 'The connection failed: ECONNREFUSED.' });
  });
});
