import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '../../errors.ts';
import type { Secret } from '../../secret.ts';
import type { EmbeddedConfig } from '../config.ts';
import { locateBinaries } from './binaries.ts';
import { directoriesOf, openSocketDirectory } from './directories.ts';
import { initialise } from './initialise.ts';
import { stopLeftovers } from './leftovers.ts';
import { chooseRunAs, giveTo } from './run-as.ts';
import { createServerLog } from './server-log.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { serverSettings, toArguments } from './settings.ts';

/** `down`: it ended by itself and is being restarted; `failed`: restarting was given up. */
export type EmbeddedState = 'up' | 'down' | 'failed';

/** The embedded server, kept running until it is stopped. */
export type EmbeddedPostgres = {
  /** Where its socket is; the port is 5432. */
  readonly socketDirectory: string;
  /** Process id of the present run, for `doctor` and tests. */
  pid(): number;
  stop(): Promise<void>;
};

export type EmbeddedOptions = {
  /** NEXUS_HOME; the caller holds its lock. */
  home: string;
  config: EmbeddedConfig;
  /** Password of the administrator `postgres`, given when the cluster is made. */
  adminPassword: Secret;
  /** Hears of every change of state, and how long a start took or why it failed. */
  onState?: ((state: EmbeddedState, detail: { tookMs?: number; error?: unknown }) => void) | undefined;
  /** For tests only: settings over ours, and how the server may run. */
  overrides?: { settings?: Record<string, string>; allowNamespace?: boolean } | undefined;
};

const maxStartAttempts = 5;
const firstRestartMs = 50;
const longestRestartMs = 5_000;

/** Starts the embedded server and restarts it whenever it ends by itself. Throws the AppErrors of `postgresErrors`. */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const socketDirectory = await openSocketDirectory(options.home);
  const start = await prepareStart(options, socketDirectory);
  const { onState } = options;
  const stopping = new AbortController();
  let present = await timed(start, onState);
  let watching = watch();

  async function watch(): Promise<void> {
    await present.ended;
    if (stopping.signal.aborted) return;
    onState?.('down', {});
    const restarted = await restart();
    if (restarted === undefined) return;
    present = restarted;
    watching = watch();
  }
  async function restart(): Promise<ServerProcess | undefined> {
    for (let attempt = 0; attempt < options.config.maxRestarts && !stopping.signal.aborted; attempt += 1) {
      const server = await timed(start, onState).catch((error) => {
        onState?.('down', { error });
        return undefined;
      });
      if (server !== undefined) return server;
      await pause(Math.min(longestRestartMs, firstRestartMs * 2 ** Math.min(attempt, 10)), stopping.signal);
    }
    if (!stopping.signal.aborted) onState?.('failed', {});
    return undefined;
  }

  return {
    socketDirectory,
    pid: () => present.pid,
    async stop() {
      stopping.abort();
      await present.stop(options.config.stopTimeoutMs);
      await watching;
      // A restart may just have succeeded while we were stopping.
      await present.stop(options.config.stopTimeoutMs);
    },
  };
}

/** Ends early, and quietly, when the server is being stopped. */
async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal }).catch(() => undefined);
}

async function timed(start: () => Promise<ServerProcess>, onState: EmbeddedOptions['onState']): Promise<ServerProcess> {
  const startedMs = performance.now();
  const server = await start();
  onState?.('up', { tookMs: performance.now() - startedMs });
  return server;
}

/** Everything that is done once; the result starts one run of the server, after ending what earlier runs left. */
async function prepareStart(options: EmbeddedOptions, socketDirectory: string): Promise<() => Promise<ServerProcess>> {
  const { home, config, overrides } = options;
  const directories = directoriesOf(home);
  const binaries = await locateBinaries(directories.libraries);
  const runAs = await chooseRunAs(directories.data, { allowNamespace: overrides?.allowNamespace ?? true });
  if (runAs.kind === 'own-uid') await openPassage(home, directories.libraries);
  await initialise({ directories, binaries, runAs, adminPassword: options.adminPassword });
  await giveTo(runAs.uid, socketDirectory);
  const log = createServerLog(directories.logFile);
  const settings = toArguments({ ...serverSettings(config, socketDirectory), ...overrides?.settings });
  return async () => {
    for (let attempt = 1; ; attempt += 1) {
      await stopLeftovers(directories.data, socketDirectory);
      try {
        const { startTimeoutMs } = config;
        return await startServerProcess({
          binaries,
          runAs,
          dataDirectory: directories.data,
          settings,
          log,
          startTimeoutMs,
        });
      } catch (error) {
        if (attempt >= maxStartAttempts || !isHeldByLeftover(error)) throw error;
        await delay(20 * attempt);
      }
    }
  };
}

/** A server that was being started while its parent died can appear after we looked; then we look again. */
function isHeldByLeftover(error: unknown): boolean {
  return (
    isAppError(error, 'EMBEDDED_POSTGRES_FAILED') &&
    /lock file .* already exists|shared memory block .* still in use|is another postmaster/i.test(error.message)
  );
}

/** Another uid must pass through our own directories; they stay unreadable to it. */
async function openPassage(home: string, libraries: string): Promise<void> {
  await mkdir(libraries, { recursive: true, mode: 0o755 });
  for (const directory of [home, path.join(home, 'run')]) await chmod(directory, 0o711);
}
