import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHostGuard, hostnameOf } from './request-guards.ts';

test('reads the name out of a Host header, and nothing out of what is none', () => {
  expect(hostnameOf('Nexus.Example:80')).toBe('nexus.example');
  expect(hostnameOf('[::1]:4590')).toBe('[::1]');
  for (const bad of [undefined, '', ' ', 'a b', 'a@b', 'a/b', '[::1', 'a:b', 'a:1:2'])
    expect(hostnameOf(bad)).toBeUndefined();
});

test('lets no name through that is not exactly one of its own', () => {
  const check = createHostGuard({ host: '127.0.0.1', allowedHosts: ['nexus.example'] });
  const own = ['localhost', '127.0.0.1', '[::1]', 'nexus.example'];
  expect(() => check(undefined)).toThrow();
  fc.assert(
    fc.property(fc.constantFrom(...own), fc.string({ minLength: 1 }), fc.boolean(), (name, extra, before) => {
      const host = before ? `${extra}${name}` : `${name}${extra}`;
      fc.pre(!/^\.?(:\d{1,5})?$/.test(extra) || before);
      fc.pre(!own.includes(host.toLowerCase()));
      expect(() => check(host)).toThrow();
    }),
  );
});
