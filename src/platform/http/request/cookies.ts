import { assert } from '#platform/errors.ts';
import type { RouteCookie } from '../route.ts';

const maxCookies = 50;

/** The value of one cookie out of a `Cookie` header; undefined when it is not there. */
export function readCookie(header: string | string[] | undefined, name: string): string | undefined {
  if (typeof header !== 'string') return undefined;
  for (const pair of header.split(';', maxCookies)) {
    const split = pair.indexOf('=');
    if (split > 0 && pair.slice(0, split).trim() === name) return pair.slice(split + 1).trim();
  }
  return undefined;
}

/** The `Set-Cookie` value: out of reach of scripts and of other sites. */
export function formatCookie({ name, value, maxAgeSeconds }: RouteCookie, secure: boolean): string {
  assert(/^[\w-]+$/.test(name) && /^[\w.~+/=-]*$/.test(value), 'A cookie holds only characters that need no quoting.');
  const parts = [`${name}=${value}`, 'Path=/', `Max-Age=${Math.trunc(maxAgeSeconds)}`, 'HttpOnly', 'SameSite=Strict'];
  return [...parts, ...(secure ? ['Secure'] : [])].join('; ');
}
