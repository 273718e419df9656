/** `NEXUS_HOME/run/server.json`: how the command line of the same user finds the running server and may speak to it. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

const serverFileSchema = z.object({
  pid: z.int(),
  url: z.string(),
  token: z.string(),
  startedAt: z.string(),
  version: z.string(),
});

/** `token` stands for the operator as long as the server lives. The file is readable by its owner only (0600). */
export type RunningServer = z.output<typeof serverFileSchema>;

const pathIn = (home: string) => path.join(home, 'run', 'server.json');

export async function writeServerFile(home: string, server: RunningServer): Promise<void> {
  const file = pathIn(home);
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(server, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, file);
}

/** Undefined when there is no file, it is damaged, or its process is gone. */
export async function readServerFile(home: string): Promise<RunningServer | undefined> {
  const text = await readFile(pathIn(home), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = serverFileSchema.safeParse(parseJson(text));
  return parsed.success && isAlive(parsed.data.pid) ? parsed.data : undefined;
}

export async function removeServerFile(home: string): Promise<void> {
  await rm(pathIn(home), { force: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
