import { expect, test } from 'vitest';
import type { Gateway } from '#modules/gateway/index.ts';
import type { Parser } from '#modules/ingestion/index.ts';
import type { Database } from '#platform/postgres/ports.ts';
import { configSchema } from './config.ts';
import { createHealth } from './health.ts';

const gateway = {} as Gateway;
const parser = {} as Parser;

function healthOf(ping: () => Promise<void>) {
  return createHealth({ database: { ping } as Database, gateway, parser, config: configSchema.parse({}) });
}

test('a database that answers is not missing', async () => {
  expect(await healthOf(async () => undefined).missing()).toEqual([]);
});

test('a database that is frozen is missing within seconds, and probes together ask it once', async () => {
  let asked = 0;
  const health = healthOf(() => {
    asked += 1;
    return new Promise(() => undefined);
  });
  const startedMs = performance.now();
  const answers = await Promise.all([health.missing(), health.missing()]);
  expect(performance.now() - startedMs).toBeLessThan(4000);
  expect(answers.map(([part]) => part?.name)).toEqual(['database', 'database']);
  expect(asked).toBe(1);
});
