/** The real server in this process: embedded PostgreSQL, a free port, a home that is thrown away. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readConfiguration } from '#app/config.ts';
import { readServerFile } from '#app/server-file.ts';
import { startServer } from '#app/start-server.ts';

export type TestServer = { url: string; signInUrl: string; token: string; home: string; close(): Promise<void> };

/** `home` is kept when it is given. `settings` by path. */
export async function startTestServer(
  options: { home?: string; settings?: Record<string, unknown> } = {},
): Promise<TestServer> {
  const home = options.home ?? (await mkdtemp(path.join(os.tmpdir(), 'nexus-e2e-')));
  const { config } = readConfiguration({
    home,
    'http.port': 0,
    'telemetry.metricsPort': 0,
    'telemetry.logLevel': 'warn',
    ...options.settings,
  });
  const server = await startServer(config, { command: 'test', handleSignals: false });
  const token = (await readServerFile(home))?.token ?? '';
  return {
    url: server.url,
    signInUrl: await server.createSignInLink(),
    token,
    home,
    async close() {
      await server.close();
      if (options.home === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}
