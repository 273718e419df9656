/** Requests that no sensible client sends, made from what the server says of its own routes. */
import type { SeededRandom } from '../../../bench/harness/seeded-random.ts';

export type HostileRequest = {
  method: string;
  target: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
  /** A `content-length` that is not the body's. */
  contentLength?: string;
};

type Schema = { type?: string | string[]; properties?: Record<string, Schema>; required?: string[] };
type Operation = {
  parameters?: { name: string; in: 'path' | 'query' | 'header' }[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
};
export type OpenApi = { paths: Record<string, Record<string, Operation>> };

export type DescribedRoute = { method: string; path: string; operation: Operation };

export function routesOf({ paths }: OpenApi): DescribedRoute[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

const uuid = '01900000-0000-7000-8000-000000000000';

const oddWords = [
  '',
  ' ',
  '\0',
  'null',
  'undefined',
  'NaN',
  '-1',
  '0',
  '1e999',
  '9007199254740993',
  '0x10',
  '١',
  'true',
  '[]',
  '{}',
  "' or 1=1 --",
  '$(id)',
  '`id`',
  '../../etc/passwd',
  '..%2f..%2f',
  '%00',
  '%ff',
  '%E0%A4%A',
  '<script>',
  '\u202e',
  '\ud800',
  '😀',
  'a'.repeat(300),
  uuid,
  uuid.toUpperCase(),
  `${uuid} `,
  '*',
  '%',
  '_',
  '\\',
  'constructor',
  '__proto__',
  'toString',
];

const plausibleWords = ['a.md', '10', uuid, 'word', 'true', 'false', 'failed', 'running'];

const json = (value: unknown) => Buffer.from(JSON.stringify(value) ?? 'undefined');

/** Values of the wrong kind, one more hostile than the other. */
const oddValues: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  '',
  ' ',
  '\0',
  'x',
  'x'.repeat(100_000),
  [],
  [null],
  {},
  { a: { b: {} } },
  [[[[[[]]]]]],
  { length: 1e9 },
  { toString: 'x' },
  '\ud800',
  '01900000-0000-7000-8000-000000000000',
];

const oddBodies: Buffer[] = [
  Buffer.alloc(0),
  json(null),
  json([]),
  json('x'),
  json(0),
  json({}),
  Buffer.from('{'),
  Buffer.from('{"a":'),
  Buffer.from('\uFEFF{}'),
  Buffer.from([0xff, 0xfe, 0x7b, 0x7d]),
  Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
  Buffer.from(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`),
  Buffer.from('{"__proto__":{"isAdmin":true}}'),
  Buffer.from('{"constructor":{"prototype":{"isAdmin":true}}}'),
  Buffer.from('{"\\u005f\\u005fproto__":{}}'),
  Buffer.from(`{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":1`).join(',')}}`),
  Buffer.from(`{"a":${'9'.repeat(100_000)}}`),
  Buffer.from('{"a":1,"a":2}'),
  Buffer.alloc(3_000_000, 'x'),
];

const oddHeaders: Record<string, string>[] = [
  {},
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'multipart/form-data; boundary=' },
  { 'content-encoding': 'gzip' },
  { 'idempotency-key': 'x' },
  { 'idempotency-key': 'repeated-key-of-the-fuzzer' },
  { 'x-forwarded-for': '127.0.0.1, ::1' },
  { accept: '*/*;q=nan' },
  { range: 'bytes=-1' },
  { expect: '200-maybe' },
  { 'x-http-method-override': 'DELETE' },
];

const contentLengths = ['-1', '1e3', '99999999999999999999', '0x10', '1, 1', 'x', '2147483648'];

/** One request after the other for a route, without end. */
export function* hostileRequests(
  { method, path, operation }: DescribedRoute,
  random: SeededRandom,
): Generator<HostileRequest> {
  const names = (place: string) =>
    (operation.parameters ?? []).filter((parameter) => parameter.in === place).map(({ name }) => name);
  const schema = operation.requestBody?.content['application/json']?.schema;

  const target = (): string => {
    // Mostly plausible: a request that is refused for its address never reaches what lies behind.
    const word = () => (random.integer(3) > 0 ? uuid : random.pick(oddWords));
    const filled = path.replaceAll(/\{[a-z0-9_]+\}/g, () => encode(word(), random));
    const given = names('query').filter(() => random.integer(2) === 0);
    if (random.integer(20) === 0) given.push(random.pick(['unknown', '__proto__']));
    const query = given.map((name) => {
      const value = random.integer(3) > 0 ? random.pick(plausibleWords) : random.pick(oddWords);
      return `${name}=${encode(value, random)}`;
    });
    return query.length === 0 ? filled : `${filled}?${query.join('&')}`;
  };

  /** Mostly what the schema asks for, with one field gone wrong. */
  const nearBody = (of: Schema): Buffer => {
    const body: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(of.properties ?? {})) body[name] = plainValueOf(field, random);
    const all = Object.keys(body);
    if (all.length > 0) body[random.pick(all)] = random.pick(oddValues);
    if (random.integer(5) === 0) body[random.pick(['extra', '__proto__x', 'organization_id'])] = random.pick(oddValues);
    return json(body);
  };

  for (;;) {
    const hasBody = method !== 'GET' && random.integer(8) > 0;
    const isNear = schema !== undefined && random.integer(2) === 0;
    const made = isNear ? nearBody(schema) : random.pick(oddBodies);
    const body = hasBody ? made : undefined;
    const odd = random.integer(3) === 0 ? random.pick(oddHeaders) : {};
    const headers = { 'content-type': 'application/json', ...odd };
    const request = { method, target: target(), headers, body };
    yield random.integer(20) === 0 ? { ...request, contentLength: random.pick(contentLengths) } : request;
  }
}

function encode(word: string, random: SeededRandom): string {
  // Sometimes as it is: what no browser would send.
  if (random.integer(6) === 0) return word.replaceAll(/[^\x21-\x7e]|[#?&/ ]/g, '');
  return encodeURIComponent(word.toWellFormed());
}

function plainValueOf({ type }: Schema, random: SeededRandom): unknown {
  const kind = Array.isArray(type) ? type[0] : type;
  if (kind === 'integer' || kind === 'number') return 1 + random.integer(50);
  if (kind === 'boolean') return random.integer(2) === 0;
  if (kind === 'array') return [];
  if (kind === 'object') return {};
  return random.pick(['word', uuid, 'https://example.org/', 'document.indexed']);
}
