import { expect, test } from 'vitest';
import { makeZip, type ZipPart } from '../../testing/make-zip.ts';
import { openZip } from './read-zip.ts';

const read = async (bytes: Uint8Array, name = 'a'): Promise<string> => {
  const content = await (await openZip(bytes)).read(name);
  return content === undefined ? 'absent' : Buffer.from(content).toString();
};
const refusal = (message: RegExp, code = 'DOCUMENT_DAMAGED') =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const one = (part: Partial<ZipPart>): Buffer => makeZip([{ name: 'a', content: 'text', ...part }]);

test('reads parts whole and in pieces; one that is absent gives nothing', async () => {
  const zip = await openZip(makeZip({ a: 'text', 'dir/b': 'other' }));
  expect(zip.names).toEqual(['a', 'dir/b']);
  expect(await zip.read('missing')).toBeUndefined();
  for await (const _ of zip.stream('missing')) expect.unreachable();
  expect(await read(makeZip({ a: 'text' }))).toBe('text');
});

test.each<[string, () => Buffer, ReturnType<typeof refusal>]>([
  ['that is cut off', () => one({}).subarray(0, 60), refusal(/cut off/)],
  ['that is no ZIP', () => Buffer.from('plain text'), refusal(/no ZIP/)],
  ['with an encrypted part', () => one({ encrypted: true }), refusal(/password/, 'DOCUMENT_ENCRYPTED')],
  [
    'that says less than its part holds',
    () => one({ content: 'x'.repeat(500), declaredSize: 20 }),
    refusal(/expanded/),
  ],
  ['that says more than its part holds', () => one({ declaredSize: 900 }), refusal(/expanded/)],
  ['with a wrong checksum', () => one({ checksum: 1 }), refusal(/checksum/)],
  ['whose part expands 1,000 times', () => one({ content: Buffer.alloc(50_000_000) }), refusal(/more than 100 times/)],
  [
    'that lies about how far it expands',
    () => one({ content: Buffer.alloc(50_000_000), declaredSize: 900_000 }),
    refusal(/expanded/),
  ],
  ['with a name that leads out', () => one({ name: '../../etc/passwd' }), refusal(/leads out/)],
  ['with an absolute name', () => one({ name: '/etc/passwd' }), refusal(/leads out/)],
  [
    'with a part twice',
    () =>
      makeZip([
        { name: 'a', content: '1' },
        { name: 'a', content: '2' },
      ]),
    refusal(/twice/),
  ],
  [
    'whose parts overlap',
    () =>
      makeZip([
        { name: 'a', content: '1' },
        { name: 'b', content: '2', offset: 0 },
      ]),
    refusal(/overlap/),
  ],
])('refuses a file %s', async (_, make, expected) => {
  await expect(read(make())).rejects.toEqual(expected);
});

test('refuses a million parts before it lists them', async () => {
  const parts = Array.from({ length: 1_000_000 }, (_, index) => ({ name: `${index}`, content: '' }));
  const bytes = makeZip(parts);
  const start = performance.now();
  await expect(openZip(bytes)).rejects.toEqual(refusal(/1000000 parts/));
  expect(performance.now() - start).toBeLessThan(2_000);
}, 120_000);

test('tells an encrypted office file and an old one from a damaged one', async () => {
  const mark = Buffer.from('d0cf11e0a1b11ae1', 'hex');
  const locked = Buffer.concat([mark, Buffer.alloc(600), Buffer.from('EncryptedPackage', 'utf16le')]);
  await expect(openZip(locked)).rejects.toEqual(refusal(/password/, 'DOCUMENT_ENCRYPTED'));
  await expect(openZip(Buffer.concat([mark, Buffer.alloc(600)]))).rejects.toEqual(refusal(/before 2007/));
});
