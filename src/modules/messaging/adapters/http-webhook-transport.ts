/** Posts over HTTP to addresses that strangers chose: bounded in time and size, never into private networks. */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isIP } from 'node:net';
import { Agent, request } from 'undici';
import type { WebhooksConfig } from '../config.ts';
import type { Answer, WebhookTransport } from '../ports.ts';
import { isPublicAddress } from './private-addresses.ts';

type Config = Pick<WebhooksConfig, 'allowPrivateAddresses' | 'timeoutMs' | 'maxResponseBytes'>;
type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

const refusedCode = 'ADDRESS_REFUSED';
const refusedReason = 'The address leads to this machine or to a private network.';
const longestUrl = 2000;

/** As `dns.lookup`, asked for all addresses. */
export type ResolveName = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/** `resolveName`: default the system's. */
export function createHttpWebhookTransport(config: Config, resolveName: ResolveName = lookup): WebhookTransport {
  const { allowPrivateAddresses, timeoutMs, maxResponseBytes } = config;
  const agent = new Agent({
    connect: { timeout: timeoutMs, ...(allowPrivateAddresses ? {} : { lookup: lookUpPublic(resolveName) }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 4000,
    pipelining: 1,
  });

  function refusal(text: string): string | undefined {
    const url = URL.canParse(text) && text.length <= longestUrl ? new URL(text) : undefined;
    if (url === undefined) return 'It is not an address.';
    const isAllowedProtocol = url.protocol === 'https:' || (allowPrivateAddresses && url.protocol === 'http:');
    if (!isAllowedProtocol) return 'It does not begin with https.';
    if (url.username !== '' || url.password !== '') return 'It carries a user name or a password.';
    return !allowPrivateAddresses && isPrivateHost(url.hostname) ? refusedReason : undefined;
  }

  async function post(call: Parameters<WebhookTransport['post']>[0], signal: AbortSignal): Promise<Answer> {
    const refused = refusal(call.url);
    if (refused !== undefined) return { kind: 'failed', reason: refused };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const { statusCode, headers, body } = await request(call.url, {
        method: 'POST',
        headers: call.headers,
        body: call.body,
        dispatcher: agent,
        signal: deadline,
      });
      // What it says does not matter; a short rest is read so that the connection can be used again.
      await body.dump({ limit: maxResponseBytes, signal: deadline }).catch(() => undefined);
      return {
        kind: 'answered',
        status: statusCode,
        retryAfterMs: parseRetryAfter(headers['retry-after'], Date.now()),
      };
    } catch (error) {
      return { kind: 'failed', reason: describeFailure(error, timeoutMs) };
    }
  }

  return { post, refusal, close: () => agent.destroy() };
}

/** A name is judged when it is connected to; a number is never looked up, so it is judged here. */
function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return isIP(host) > 0 ? !isPublicAddress(host) : /(^|\.)localhost\.?$/.test(host);
}

/**
 * Resolves a name for one connection, which goes to these very addresses: a name that leads elsewhere a moment later is
 * judged anew. Every address behind it must be public, or none is used.
 */
function lookUpPublic(resolveName: ResolveName) {
  return (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
    resolveName(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      if (!addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(Object.assign(new Error(refusedReason), { code: refusedCode }), []);
      }
      const [first] = addresses;
      if (options.all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Seconds or a date, RFC 9110. */
function parseRetryAfter(header: string | string[] | undefined, nowMs: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header) ?? '';
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(waitMs) && waitMs > 0 ? waitMs : undefined;
}

function describeFailure(error: unknown, timeoutMs: number): string {
  const { code, name, cause } = error as { code?: string; name?: string; cause?: { code?: string } };
  const found = code ?? cause?.code;
  if (found === refusedCode || String(error).includes(refusedReason)) return refusedReason;
  if (name === 'TimeoutError' || /TIMEOUT/.test(String(found))) return `No answer within ${timeoutMs} ms.`;
  if (name === 'AbortError') return 'This server was stopped while it waited.';
  return `The connection failed: ${typeof found === 'string' ? found : String(name ?? 'unknown')}.`;
}
