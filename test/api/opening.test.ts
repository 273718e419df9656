/** What an opening puts right before anybody is served, whoever opens: a server, or a command in its own process. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfiguration } from '#app/config.ts';
import { openInstance } from '#app/open-instance.ts';
import { createClosables } from '#platform/lifecycle/closables.ts';
import { silentLogger } from '#platform/telemetry/logger.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';

let testDatabase: TestDatabase;
let home: string;
beforeAll(async () => {
  testDatabase = await openTestDatabase();
  home = await mkdtemp(path.join(os.tmpdir(), 'nexus-test-'));
});
afterAll(async () => {
  await testDatabase.close();
  await rm(home, { recursive: true, force: true });
});

test('a home that slept for months can be asked at once: the partition of the present month is made', async () => {
  const partitions = await testDatabase.adminSql<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'chat_messages'::regclass`,
  );
  for (const { name } of partitions) await testDatabase.adminSql(`drop table ${name}`);
  const { app, system, resolver } = testDatabase.urls;
  const { config } = readConfiguration({
    home,
    'database.appUrl': app.reveal(),
    'database.systemUrl': system.reveal(),
    'database.resolverUrl': resolver.reveal(),
  });
  const closables = createClosables();
  try {
    const command = 'nexus ask';
    const instance = await openInstance({
      config,
      logger: silentLogger,
      closables,
      command,
      onDatabaseLost: () => undefined,
    });
    const reply = await instance.app.server.inject({
      method: 'POST',
      url: '/api/v1/chat/message',
      headers: { authorization: `Bearer ${instance.operatorToken}` },
      payload: { message: 'What is known here?' },
    });
    expect(reply.statusCode, reply.payload).toBe(200);
  } finally {
    await closables.close();
  }
});
