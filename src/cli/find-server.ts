import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { type RunningServer, readServerFile } from '#app/server-file.ts';

const probeTimeoutMs = 2000;
const pollMs = 25;

/** The server of this home, if it answers to the token that it wrote down. A file left by a killed one is no server. */
export async function findServer(home: string): Promise<RunningServer | undefined> {
  const server = await readServerFile(home);
  return server !== undefined && (await answers(server)) ? server : undefined;
}

/** Looks again and again for at most `waitMs`, or until `signal`; undefined when none came up. */
export async function awaitServer(
  home: string,
  waitMs: number,
  signal?: AbortSignal,
): Promise<RunningServer | undefined> {
  const endsMs = performance.now() + waitMs;
  while (performance.now() < endsMs && signal?.aborted !== true) {
    const server = await findServer(home);
    if (server !== undefined) return server;
    await sleep(pollMs);
  }
  return undefined;
}

async function answers(server: RunningServer): Promise<boolean> {
  try {
    // Asks for the operator's permission and for no database, which may be slow or away.
    const reply = await request(`${server.url}/metrics`, {
      headers: { authorization: `Bearer ${server.token}` },
      signal: AbortSignal.timeout(probeTimeoutMs),
    });
    await reply.body.dump();
    return reply.statusCode === 200;
  } catch {
    return false;
  }
}
