/** Things that nobody may touch: a listener, a file, a variable and a name. Each remembers when somebody did. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';

export type Canaries = {
  /** A file whose content must not be told. */
  file: string;
  /** An address that must not be called. */
  url: string;
  port: number;
  /** Part of the name of every file that must not come to be. */
  name: string;
  /** An environment variable whose value must not be told. */
  variable: string;
  secret: string;
  /** What of the secrets stands in the text; undefined when nothing does. */
  foundIn(text: string): string | undefined;
  /** Connections and files since the last reset. */
  escapes(): string[];
  reset(): void;
  close(): Promise<void>;
};

export async function openCanaries(folder: string): Promise<Canaries> {
  const token = randomBytes(8).toString('hex');
  const [secret, content, name] = [`variable-${token}`, `content-${token}`, `escaped-${token}`];
  const file = path.join(folder, 'canary.txt');
  writeFileSync(file, content);
  let connections = 0;
  const server = createServer((_, reply) => reply.end('seen'));
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    file,
    url: `http://127.0.0.1:${port}`,
    port,
    name,
    variable: 'CANARY_OF_THE_TRIAL',
    secret,
    foundIn(text) {
      if (text.includes(content)) return 'the content of a file';
      if (text.includes(secret)) return 'a variable of the environment';
      return /root:[^:\n]*:0:0:/.test(text) ? 'the list of users' : undefined;
    },
    escapes: () => [
      ...(connections > 0 ? [`${connections} connections to the listener`] : []),
      ...placesToLook(folder).flatMap((place) => filesNamed(place, name)),
    ],
    reset() {
      connections = 0;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Where a name that climbs, is absolute or is taken as it is would end. */
function placesToLook(folder: string): string[] {
  const drives = ['C:', 'C:\\Windows'].map((drive) => path.join(process.cwd(), drive));
  const climbed = Array.from({ length: 8 }, (_, steps) =>
    path.join(folder, 'home', ...new Array<string>(steps).fill('..')),
  );
  return [
    ...new Set([...climbed, process.cwd(), os.homedir(), os.tmpdir(), '/', '/etc', '/var/tmp', ...drives]),
  ].filter((place) => existsSync(place));
}

const deepestLook = 3;

function filesNamed(place: string, name: string, depth = 0): string[] {
  const entries = readdirSync(place, { withFileTypes: true });
  const own = entries
    .filter((entry) => entry.name.includes(name))
    .map((entry) => `a file ${path.join(place, entry.name)}`);
  const isTrial = place.includes('nexus-hostile-');
  const below = isTrial && depth < deepestLook ? entries.filter((entry) => entry.isDirectory()) : [];
  return [...own, ...below.flatMap((entry) => filesNamed(path.join(place, entry.name), name, depth + 1))];
}
