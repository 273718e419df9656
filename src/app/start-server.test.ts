import { expect, test } from 'vitest';
import { configSchema } from './config.ts';
import { exitTimeoutOf } from './start-server.ts';

test('the exit waits for whatever drain and stop of the database were allowed to take', () => {
  const longDrain = configSchema.parse({ http: { drainTimeoutMs: 600_000 } });
  expect(exitTimeoutOf(longDrain)).toBeGreaterThan(600_000 + longDrain.database.embedded.stopTimeoutMs);
});
