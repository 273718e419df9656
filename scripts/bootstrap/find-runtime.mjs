/** Chooses the Node that everything after the bootstrap runs on. Runs on Node 18. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BootstrapError } from './errors.mjs';

export const requiredMajor = 24;

/**
 * The pinned Node that npm linked into `node_modules/.bin` (Linux x64 and arm64), else the running one when it is new
 * enough (macOS brings its own). `verify` starts the pinned one once, so that a foreign C library is noticed
 * here.
 */
export function findRuntime(root, { verify = false } = {}) {
  const pinned = path.join(root, 'node_modules', '.bin', 'node');
  if (verify && fs.existsSync(pinned) && !runs(pinned)) fs.rmSync(pinned); // so that the launcher does not choose it either
  if (fs.existsSync(pinned)) return pinned;
  if (majorOf(process.versions.node) >= requiredMajor) return process.execPath;
  throw new BootstrapError(
    `Nexus runs on Node ${requiredMajor} or later; this machine has ${process.version}.\n` +
      `A pinned Node comes along for Linux (x64 and arm64, glibc 2.28 or later); this is ${process.platform} ${process.arch}.\n` +
      `Install Node ${requiredMajor} from your system or from nodejs.org and run the command again.`,
  );
}

function runs(executable) {
  try {
    return majorOf(execFileSync(executable, ['--version'], { encoding: 'utf8' }).trim().slice(1)) >= requiredMajor;
  } catch {
    return false; // Wrong C library or processor: the caller falls back or explains.
  }
}

const majorOf = (version) => Number.parseInt(version, 10);
