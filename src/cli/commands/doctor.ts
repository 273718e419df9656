import { access, statfs } from 'node:fs/promises';
import { modelDirectory } from '#app/adapters.ts';
import type { Config } from '#app/config.ts';
import { probeParser } from '#app/probe-parser.ts';
import type { RunningServer } from '#app/server-file.ts';
import { isAppError } from '#platform/errors.ts';
import type { HealthCheck } from '#platform/http/table/system-routes.ts';
import { usesEmbedded } from '#platform/postgres/open-postgres.ts';
import { silentLogger } from '#platform/telemetry/logger.ts';
import type { CommandContext } from '../command.ts';
import { findServer } from '../find-server.ts';
import { isPortFree } from '../free-port.ts';

type Finding = { name: string; status: 'ok' | 'attention' | 'broken'; message: string };

const lowDiskBytes = 500 * 1024 ** 2;

/** Looks at everything a working installation needs and names the fix for what is wrong. Exit code 1 when something is broken. */
export async function runDoctor(context: CommandContext): Promise<number> {
  const { config, terminal, asJson } = context;
  const server = await findServer(config.home);
  const findings: Finding[] = [
    { name: 'configuration', status: 'ok', message: 'Every setting is valid.' },
    checkNode(),
    await checkParser(config),
    ...(server === undefined ? await checkStopped(context) : await askServer(context, server)),
  ];
  if (asJson) terminal.printJson(findings);
  else for (const finding of findings) printFinding(context, finding);
  return findings.some(({ status }) => status === 'broken') ? 1 : 0;
}

function printFinding({ terminal }: CommandContext, { name, status, message }: Finding): void {
  const { green, yellow, red } = terminal.colours;
  const mark = { ok: green('ok       '), attention: yellow('attention'), broken: red('broken   ') }[status];
  terminal.print(`${mark}  ${name.padEnd(16)} ${message}`);
}

function checkNode(): Finding {
  return {
    name: 'node',
    status: 'ok',
    message: `Node ${process.versions.node} on ${process.platform} ${process.arch}.`,
  };
}

async function checkDisk({ home }: Config): Promise<Finding> {
  const found = await statfs(home).catch(() => undefined);
  if (found === undefined)
    return { name: 'home', status: 'ok', message: `${home} does not exist yet; the first start makes it.` };
  const freeBytes = found.bavail * found.bsize;
  const free = `${Math.floor(freeBytes / 1024 ** 2)} MiB are free on the disk of ${home}.`;
  return freeBytes < lowDiskBytes
    ? { name: 'home', status: 'attention', message: `${free} Free some before it is full.` }
    : { name: 'home', status: 'ok', message: free };
}

async function checkModel(config: Config): Promise<Finding> {
  const directory = modelDirectory(config, config.models.embedding);
  const isPresent = await access(directory).then(
    () => true,
    () => false,
  );
  if (isPresent)
    return { name: 'embedding model', status: 'ok', message: `${config.models.embedding} in ${directory}.` };
  if (config.models.directory !== undefined) {
    return {
      name: 'embedding model',
      status: 'broken',
      message: `NEXUS_MODEL_DIR names a folder without ${config.models.embedding}. Correct it, or run \`./nexus models pull\`.`,
    };
  }
  return {
    name: 'embedding model',
    status: 'attention',
    message: 'None is installed; vectors come from feature hashing. Run `./nexus models pull` for better search.',
  };
}

function checkLanguageModel({ gateway }: Config): Finding {
  const isSet = gateway.openai.baseUrl !== undefined || gateway.openai.apiKey !== undefined;
  const message = isSet
    ? `${gateway.provider}:${gateway.model}.`
    : 'None is configured; answers are extractive. Set OPENAI_API_KEY or OPENAI_BASE_URL for written answers.';
  return { name: 'language model', status: 'ok', message };
}

async function checkParser(config: Config): Promise<Finding> {
  try {
    const { isStrong, message } = await probeParser(config);
    return { name: 'parser', status: isStrong ? 'ok' : 'attention', message };
  } catch (error) {
    return { name: 'parser', status: 'broken', message: error instanceof Error ? error.message : String(error) };
  }
}

/** What the next start would find. */
async function checkStopped(context: CommandContext): Promise<Finding[]> {
  const { config } = context;
  return [
    await checkDisk(config),
    await checkModel(config),
    checkLanguageModel(config),
    await checkPort(config),
    await checkDatabase(context),
  ];
}

async function checkPort({ http: { host, port } }: Config): Promise<Finding> {
  const isFree = port === 0 || (await isPortFree(host, port));
  return isFree
    ? { name: 'server', status: 'ok', message: 'None runs on this home. Start it with `./nexus start`.' }
    : {
        name: 'server',
        status: 'attention',
        message: `None runs on this home, and port ${port} is in use by another program. Set NEXUS_HTTP__PORT to a free one.`,
      };
}

/** The server's own view: it may have been started with other settings than this shell has. */
async function askServer(context: CommandContext, { url, pid }: RunningServer): Promise<Finding[]> {
  const connection = await context.connect();
  const { checks } = await connection
    .call<{ checks: HealthCheck[] }>({ method: 'GET', path: '/health/detailed' })
    .catch((error: unknown): { checks: HealthCheck[] } => {
      const message = error instanceof Error ? error.message : String(error);
      return { checks: [{ name: 'health', status: 'down', needed: true, message }] };
    });
  const statusOf = { up: 'ok', degraded: 'attention', down: 'broken' } as const;
  return [
    { name: 'server', status: 'ok', message: `It runs at ${url} (process ${pid}).` },
    ...checks.map(({ name, status, message }) => ({ name, status: statusOf[status], message })),
  ];
}

/** Opens the database as a start would, and closes it again. */
async function checkDatabase(context: CommandContext): Promise<Finding> {
  const kind = usesEmbedded(context.config.database) ? 'The embedded PostgreSQL' : 'The PostgreSQL server';
  try {
    await context.connect(silentLogger);
    return { name: 'database', status: 'ok', message: `${kind} starts, is migrated, and its logins are safe.` };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { name: 'database', status: 'broken', message: error.message };
  }
}
