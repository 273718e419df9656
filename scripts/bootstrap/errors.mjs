/** What the bootstrap says to people. Runs on Node 18. */

/** A problem the reader can do something about: printed without a stack. */
export class BootstrapError extends Error {}

const causes = [
  [
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|EHOSTUNREACH|ENOTCACHED)\b/,
    'The package registry could not be reached. Installing needs the network once; afterwards everything works offline.\nCheck the connection, the proxy (`npm config get proxy`) and the registry (`npm config get registry`), then run the command again.',
  ],
  [
    /\bENOSPC\b|no space left/i,
    'The disk is full. The installation needs about 550 MB; free some space and run the command again.',
  ],
  [
    /\bEBADPLATFORM\b/,
    'A package does not exist for this platform. Linux (x64, arm64, glibc) and macOS are supported; on Windows use WSL2.',
  ],
  [
    /\b(EACCES|EPERM|EROFS)\b/,
    'npm may not write where it must: the project folder, or its cache (`npm config get cache`, usually in the home directory).\nGive the folder back to your user, or choose another cache: `npm_config_cache=/some/folder npm run …`.',
  ],
  [
    /\b(EUSAGE|can only install packages when your package\.json)/,
    'package.json and package-lock.json do not belong together. Take both from the same commit.',
  ],
  [
    /\bEINTEGRITY\b/,
    'A downloaded package is not the one that package-lock.json names. Do not go on; check the registry and `npm cache verify`.',
  ],
  [
    /\bE40[134]\b/,
    'The package registry refused a package. Check `npm config get registry` and your credentials for it.',
  ],
];

/** One message from npm's own output: the cause and the cure first, npm's last lines below. */
export function explainInstallFailure(output, exitCode) {
  const known = causes.find(([pattern]) => pattern.test(output));
  const explanation = known?.[1] ?? `npm ci ended with exit code ${exitCode}.`;
  const excerpt = output.trim().split('\n').slice(-12).join('\n');
  return `The installation failed. ${explanation}${excerpt === '' ? '' : `\n\nnpm said:\n${excerpt}`}`;
}
