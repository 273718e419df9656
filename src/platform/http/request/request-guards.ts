/** What is checked of a request before anybody looks at what it wants: whom it addresses, and which page sent it. */
import { AppError } from '#platform/errors.ts';
import type { HttpConfig } from '../config.ts';

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];
/** The same few spellings come with every request. */
const maxRememberedHosts = 100;

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** `LOCALHOST:4590` → `localhost`; undefined when it is not a host. */
export function hostnameOf(host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)\.?(?::\d{1,5})?$/i.exec(host);
  return match?.[1]?.toLowerCase().replace(/\.$/, '');
}

/**
 * Against DNS rebinding: a page of another site may make its own name point at this machine, but it cannot forge the
 * Host header. Returns the check for one `Host` value; throws HOST_REFUSED.
 */
export function createHostGuard({ host, allowedHosts }: Pick<HttpConfig, 'host' | 'allowedHosts'>) {
  const loopback = loopbackNames.includes(host.toLowerCase()) || host === '::1' || host.startsWith('127.');
  const open = !loopback && allowedHosts.length === 0;
  const names = new Set([...loopbackNames, ...allowedHosts.map((name) => name.toLowerCase())]);
  if (loopback && host !== '::1') names.add(host.toLowerCase());
  const accepted = new Set<string>();
  return (value: string | undefined): void => {
    if (open || (value !== undefined && accepted.has(value))) return;
    if (value !== undefined && names.has(hostnameOf(value) ?? '')) {
      if (accepted.size < maxRememberedHosts) accepted.add(value);
      return;
    }
    throw new AppError('HOST_REFUSED', 'forbidden', 'This server does not answer for the host that was asked for.', {
      details: { fix: 'Add the host to http.allowedHosts (NEXUS_HTTP__ALLOWED_HOSTS).' },
    });
  };
}

function isSameOrigin(origin: string, host: string): boolean {
  const parsed = URL.parse(origin);
  return parsed !== null && parsed.host.toLowerCase() === host.toLowerCase();
}

type AddressedRequest = { method: string; headers: RequestHeaders; host: string };

function comesFromOwnPage(request: AddressedRequest): boolean {
  const { origin, cookie, authorization, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  if (typeof origin === 'string') return isSameOrigin(origin, request.host);
  // Browsers name their origin on every such request; a program sends a bearer token instead of a cookie.
  return cookie === undefined || authorization !== undefined;
}

/** Against cross-site request forgery: only this server's own page may change something. Throws CROSS_SITE_REFUSED. */
export function refuseCrossSite(request: AddressedRequest): void {
  if (readingMethods.has(request.method) || comesFromOwnPage(request)) return;
  throw new AppError('CROSS_SITE_REFUSED', 'forbidden', 'Only this server’s own page may send this request.');
}
