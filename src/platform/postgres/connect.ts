import pg from 'pg';
import type { Secret } from '../secret.ts';
import { translateError } from './translate-error.ts';

const connectTimeoutMs = 10_000;

/** Runs `work` on one connection of its own (administration, migrations), errors translated. */
export async function withClient<Result>(url: Secret, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({
    connectionString: url.reveal(),
    application_name: 'nexus-admin',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  // Without a listener a connection that breaks between two statements would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    throw translateError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
