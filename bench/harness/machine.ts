/** What a figure was measured on. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

export type Machine = { cpu: string; cores: number; memoryGiB: number; system: string; loadAverage: number };

export const projectRoot = path.resolve(import.meta.dirname, '../..');

export function describeMachine(): Machine {
  const processors = os.cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGiB: Math.round((os.totalmem() / 2 ** 30) * 10) / 10,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    // Of the last minute before the bench: what others did to the machine.
    loadAverage: Math.round((os.loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Versions of what every bench runs on: ourselves, Node, the embedded PostgreSQL. */
export function baseVersions(): Record<string, string> {
  const manifest = readManifest(path.join(projectRoot, 'package.json'));
  const postgres = Object.keys(manifest.optionalDependencies ?? {}).find((name) =>
    name.endsWith(`/${process.platform}-${process.arch}`),
  );
  return {
    nexus: manifest.version,
    node: process.versions.node,
    ...(postgres === undefined ? {} : { postgres: manifest.optionalDependencies?.[postgres] ?? '' }),
  };
}

/** Another library to compare with, installed under `bench/peers` and absent from the product. */
export async function loadPeer<Module>(name: string): Promise<{ module: Module; version: string } | undefined> {
  const require = createRequire(path.join(projectRoot, 'bench/peers/package.json'));
  const folder = path.join(projectRoot, 'bench/peers/node_modules', name);
  try {
    const module: Module = await import(pathToFileURL(require.resolve(name)).href);
    return { module, version: readManifest(path.join(folder, 'package.json')).version };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

type Manifest = { version: string; optionalDependencies?: Record<string, string> };

const readManifest = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8'));

/** CPU time that the whole machine has spent, in seconds; NaN where the kernel does not tell. */
export function machineCpuSeconds(): number {
  return os.cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}
