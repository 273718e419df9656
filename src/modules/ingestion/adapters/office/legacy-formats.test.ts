import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAppError } from '#platform/errors.ts';
import { parseDocument } from '../../parsing/parse-document.ts';
import type { Format } from '../../ports.ts';
import { msgFormat } from '../mail/msg-format.ts';
import { xlsFormat } from '../spreadsheets/xls-format.ts';

const data = path.resolve(process.env.NEXUS_TEST_DATA ?? '../shared/data', 'docs-mixed');
const isMissing = !existsSync(data) && process.env.CI !== 'true';
const fileOf = (name: string): Buffer => readFileSync(path.join(data, name));
const parse = (format: Format, bytes: Uint8Array) => parseDocument(format, bytes, { filename: 'a' });

test.skipIf(isMissing)('an old workbook says what the same workbook says in the newer format', async () => {
  const { text } = await parse(xlsFormat, fileOf('markitdown/test.xls'));
  expect(text).toContain('| Alpha | Beta | Gamma | Delta |');
  expect(text).toContain('| 58 | 6ff4173b-42a5-4784-9b19-f49caff4d93d | 22 | 9 |');
});

test.skipIf(isMissing)('an Outlook message has its subject as title and says who wrote to whom', async () => {
  const { title, text } = await parse(msgFormat, fileOf('unstructured/fake-email.msg'));
  expect(title).toBe('Test Email');
  expect(text).toMatch(/^# Test Email\n\nFrom: .+\nTo: /);
});

test.each([xlsFormat, msgFormat])('$name refuses what is no compound file', async (format) => {
  await expect(parse(format, Buffer.from('plain text'))).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
});

test.skipIf(isMissing).each([
  [xlsFormat, 'markitdown/test.xls'],
  [msgFormat, 'unstructured/fake-email.msg'],
] as const)('$0.name with any bytes broken or cut off is read or refused, never a bug', async (format, name) => {
  const whole = fileOf(name);
  const wounds = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(wounds, fc.nat(whole.length), async (broken, kept) => {
      const bytes = Buffer.from(whole.subarray(0, kept % 3 === 0 ? kept : whole.length));
      for (const [at, value] of broken) if (at < bytes.length) bytes[at] = value;
      const outcome = await parse(format, bytes).then(
        () => 'DOCUMENT_READ',
        (error) => (isAppError(error) ? error.code : String(error)),
      );
      expect(outcome).toMatch(/^DOCUMENT_/);
    }),
    { numRuns: 200 },
  );
});
