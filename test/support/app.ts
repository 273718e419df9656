/** The whole product on a database of its own, spoken to without a port. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Adapters } from '#app/adapters.ts';
import { type App, buildApp } from '#app/build-app.ts';
import { readConfiguration } from '#app/config.ts';
import { openParser } from '#app/open-parser.ts';
import { createHashingEmbedder } from '#modules/gateway/adapters/hashing-embedder.ts';
import type { Organization } from '#modules/identity/index.ts';
import { openBlobStore } from '#platform/blobs/open-blob-store.ts';
import { systemClock } from '#platform/clock.ts';
import { createIds } from '#platform/ids.ts';
import { systemRandom } from '#platform/random.ts';
import { Secret } from '#platform/secret.ts';
import { silentLogger } from '#platform/telemetry/logger.ts';
import { createMetrics } from '#platform/telemetry/metrics.ts';
import { openTestDatabase, type TestDatabase } from './postgres.ts';

export type TestReply = { status: number; headers: Record<string, unknown>; json: unknown; text: string };

export type TestApp = {
  app: App;
  testDatabase: TestDatabase;
  /** The first organization; `call` speaks as its operator unless told otherwise. */
  organization: Organization;
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, options?: CallOptions): Promise<TestReply>;
  /** A session of another organization's member, for the `cookie` option of `call`. */
  signIn(organizationId: string): Promise<string>;
  close(): Promise<void>;
};

export type CallOptions = {
  /** Bytes are sent as they are, anything else as JSON. */
  body?: unknown;
  /** A session token; null sends no credential at all. */
  session?: string | null | undefined;
  headers?: Record<string, string>;
};

export type TestAppOptions = {
  /** Settings by path. */
  settings?: Record<string, unknown>;
  adapters?: Partial<Adapters>;
};

const operatorToken = 'operator-token-of-a-test';

export async function openTestApp({ settings = {}, adapters = {} }: TestAppOptions = {}): Promise<TestApp> {
  const home = await mkdtemp(path.join(os.tmpdir(), 'nexus-test-'));
  const { config } = readConfiguration({ home, 'http.checkReplies': true, ...settings });
  const testDatabase = await openTestDatabase();
  const { blobs, fileKey } = await openBlobStore(home, config.blobs);
  const { parser, pool } = openParser(config);
  const metrics = createMetrics({ processMetrics: false });
  const app = await buildApp(
    config,
    {
      database: testDatabase.database,
      embedder: createHashingEmbedder(),
      chatModel: undefined,
      parser,
      blobs,
      fileKey,
      diskGuard: { requireSpace: () => undefined, freeBytes: () => Number.POSITIVE_INFINITY },
      clock: systemClock,
      ids: createIds(systemClock, systemRandom),
      random: systemRandom,
      logger: silentLogger,
      metrics,
      ...adapters,
    },
    new Secret('signing-key-of-a-test'),
  );
  const organization = await app.identity.ensureFirstOrganization();
  app.identity.admitOperator({ token: new Secret(operatorToken), organizationId: organization.id });

  return {
    app,
    testDatabase,
    organization,
    async call(method, url, { body, session, headers = {} } = {}) {
      const reply = await app.server.inject({
        method,
        url,
        headers: { ...credentialHeaders(session), ...bodyHeaders(body), ...headers },
        ...(body === undefined ? {} : { payload: toPayload(body) }),
      });
      return {
        status: reply.statusCode,
        headers: reply.headers,
        json: parseJson(reply.payload),
        text: reply.payload,
      };
    },
    async signIn(organizationId) {
      const { token } = await app.identity.openSession(await app.identity.createSignInToken(organizationId));
      return token;
    },
    async close() {
      await app.server.close();
      await app.close();
      await pool.close();
      metrics.close();
      await testDatabase.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function credentialHeaders(session: string | null | undefined): Record<string, string> {
  if (session === null) return {};
  if (session === undefined) return { authorization: `Bearer ${operatorToken}` };
  return { cookie: `nexus_session=${session}`, 'sec-fetch-site': 'same-origin' };
}

function bodyHeaders(body: unknown): Record<string, string> {
  if (body === undefined) return {};
  return { 'content-type': body instanceof Uint8Array ? 'application/octet-stream' : 'application/json' };
}

const toPayload = (body: unknown): Buffer | string =>
  body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
