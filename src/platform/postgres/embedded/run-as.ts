import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { chown, lchown, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../errors.ts';

/**
 * PostgreSQL refuses to run as root. Started by root it runs in a user namespace as nobody, where that is allowed, and
 * else under a uid of its own; no user is created.
 */
export type RunAs = {
  kind: 'self' | 'user-namespace' | 'own-uid';
  /** Owner of the server's directories; undefined: whoever makes them. */
  uid: number | undefined;
  /** initdb insists on a user that has a name, which a uid of its own lacks: it runs as this one. */
  initdb: Pick<RunAs, 'uid' | 'wrap'>;
  /** The command that becomes `command`, keeping its pid; gets `signal` when this process dies. */
  wrap(command: string, args: string[], signal: 'INT' | 'KILL'): [string, string[]];
  /** False: nothing stops the server when this process dies, a guardian is needed. */
  diesWithParent: boolean;
};

const ownUidRange = { from: 61_184, to: 65_519 };
const nobody = 65_534;
const namespace = ['--user', `--map-user=${nobody}`, `--map-group=${nobody}`];

/** Chooses how to run. The data directory keeps the choice by its owner, so that a later start takes the same. */
export async function chooseRunAs(
  dataDirectory: string,
  options: { uid?: number | undefined; allowNamespace?: boolean } = {},
): Promise<RunAs> {
  const setpriv = findProgram('setpriv');
  const uid = options.uid ?? process.getuid?.();
  if (uid !== 0) return runAsSelf(setpriv);
  const owner = await stat(dataDirectory).then(
    (found) => found.uid,
    () => 0,
  );
  const allowNamespace = options.allowNamespace ?? true;
  if (owner === 0 && allowNamespace && (await namespaceWorks())) return runInNamespace(setpriv);
  if (setpriv !== undefined) return runAsUid(setpriv, owner === 0 ? chooseUid() : owner);
  throw new AppError(
    'EMBEDDED_POSTGRES_UNSUPPORTED',
    'unsupported',
    'PostgreSQL does not run as root, and neither user namespaces nor setpriv (util-linux) are usable here. Start as a normal user, or set DATABASE_URL.',
  );
}

function runAsSelf(setpriv: string | undefined): RunAs {
  const wrap: RunAs['wrap'] = (command, args, signal) =>
    setpriv === undefined ? [command, args] : [setpriv, ['--pdeathsig', signal, '--', command, ...args]];
  return {
    kind: 'self',
    uid: undefined,
    diesWithParent: setpriv !== undefined,
    wrap,
    initdb: { uid: undefined, wrap },
  };
}

/** The mapping is to root outside, so files stay root's and everything works under a 0700 home. */
function runInNamespace(setpriv: string | undefined): RunAs {
  const dying = (signal: string): string[] => (setpriv === undefined ? [] : [setpriv, '--pdeathsig', signal, '--']);
  const wrap: RunAs['wrap'] = (command, args, signal) => [
    'unshare',
    [...namespace, '--', ...dying(signal), command, ...args],
  ];
  const diesWithParent = setpriv !== undefined;
  return { kind: 'user-namespace', uid: undefined, diesWithParent, wrap, initdb: { uid: undefined, wrap } };
}

function runAsUid(setpriv: string, uid: number): RunAs {
  const wrapAs =
    (id: number): RunAs['wrap'] =>
    (command, args, signal) => [
      setpriv,
      [`--reuid=${id}`, `--regid=${id}`, '--clear-groups', '--pdeathsig', signal, '--', command, ...args],
    ];
  const initdb = { uid: nobody, wrap: wrapAs(nobody) };
  return { kind: 'own-uid', uid, diesWithParent: true, wrap: wrapAs(uid), initdb };
}

/** True for a uid that only an embedded server uses. */
export function isOwnUid(uid: number): boolean {
  return uid >= ownUidRange.from && uid <= ownUidRange.to;
}

function chooseUid(): number {
  return randomInt(ownUidRange.from, ownUidRange.to + 1);
}

function namespaceWorks(): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = spawn('unshare', [...namespace, '--', 'true'], { stdio: 'ignore', timeout: 2_000 });
    probe.once('error', () => resolve(false));
    probe.once('exit', (code) => resolve(code === 0));
  });
}

function findProgram(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin']
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Gives a file or directory (not what is in it) to a uid; undefined leaves it as it is. */
export async function giveTo(uid: number | undefined, file: string): Promise<void> {
  if (uid !== undefined) await chown(file, uid, uid);
}

/** The same for a directory with all that is in it. */
export async function giveAllTo(uid: number | undefined, directory: string): Promise<void> {
  if (uid === undefined) return;
  for (const entry of await readdir(directory, { recursive: true }))
    await lchown(path.join(directory, entry), uid, uid);
  await chown(directory, uid, uid);
}

/** A uid of its own must be able to pass through every directory above; says which one it cannot. */
export async function requirePassage(runAs: RunAs, directory: string): Promise<void> {
  if (runAs.uid === undefined) return;
  for (let above = path.dirname(directory); above !== path.dirname(above); above = path.dirname(above)) {
    const { mode, uid } = await stat(above);
    if (uid === runAs.uid || (mode & 0o001) !== 0) continue;
    throw new AppError(
      'EMBEDDED_POSTGRES_UNSUPPORTED',
      'unsupported',
      `The embedded PostgreSQL runs as user ${runAs.uid} here and cannot pass through ${above}. Run \`chmod o+x ${above}\`, choose another NEXUS_HOME, start as a normal user, or set DATABASE_URL.`,
      { details: { directory: above, uid: runAs.uid } },
    );
  }
}
