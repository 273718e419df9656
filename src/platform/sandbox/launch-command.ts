/** How a child is started: as strictly as this machine allows, from the strictest way down. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';

/**
 * 3: namespaces of its own by bubblewrap: no network, no process but its own, no file but what it is given.
 * 1: limits of the kernel, an empty environment and Node's permissions; without a network where that can be had.
 * 0: as 1 without limits of the kernel, where there is no shell to set them.
 * 2 is kept for a parser in a container of its own, which none of these ways is.
 */
export type Strength = 0 | 1 | 3;

export type Launch = {
  command: string;
  args: string[];
  strength: Strength;
  /** By what the child is isolated, in words; shown by `doctor`. */
  isolation: string[];
};

export type LaunchPlan = {
  nodePath: string;
  entryPath: string;
  /** Files and folders the child may read, as real paths. */
  readable: string[];
  maxMemoryMegabytes: number;
  /** Processor time of the child's whole life; it also ends a child that spins after its parent was killed. */
  cpuSeconds: number;
};

type Way = { prefix: string[]; strength: Strength; isolation: string[] };

const diesWithParent = ['setpriv', '--pdeathsig', 'KILL', '--no-new-privs', '--'];
const noNetwork = ['unshare', '--user', '--net', '--'];
/** Without the means to name another process; each of the three in front of the child ends with the one before it. */
const noProcesses = [
  ...['unshare', '--user', '--map-root-user', '--net', '--'],
  ...['setpriv', '--pdeathsig', 'KILL', '--'],
  ...['unshare', '--pid', '--ipc', '--fork', '--kill-child', '--'],
  ...['setpriv', '--pdeathsig', 'KILL', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs', '--'],
];
const maxDescriptors = 256;

/** Ways to start, strictest first. The last needs nothing but Node. */
export function planLaunches(plan: LaunchPlan): Launch[] {
  const limits = ['prlimit', `--cpu=${plan.cpuSeconds}`, `--nofile=${maxDescriptors}`, '--core=0', '--'];
  const shellLimits = `ulimit -c 0; ulimit -n ${maxDescriptors}; ulimit -t ${plan.cpuSeconds} && exec "$@"`;
  const ways: Way[] = [
    {
      prefix: [...limits, ...namespaces(plan)],
      strength: 3,
      isolation: ['no network', 'no other processes', 'no other files', 'dies with parent', 'resource limits'],
    },
    {
      prefix: [...noProcesses, ...limits],
      strength: 1,
      isolation: ['no network', 'no other processes', 'dies with parent', 'resource limits'],
    },
    {
      prefix: [...noNetwork, ...diesWithParent, ...limits],
      strength: 1,
      isolation: ['no network', 'dies with parent', 'resource limits'],
    },
    { prefix: [...diesWithParent, ...limits], strength: 1, isolation: ['dies with parent', 'resource limits'] },
    { prefix: limits, strength: 1, isolation: ['resource limits'] },
    { prefix: ['/bin/sh', '-c', shellLimits, 'sh'], strength: 1, isolation: ['resource limits'] },
    { prefix: [], strength: 0, isolation: [] },
  ];
  const node = [plan.nodePath, ...nodeArguments(plan)];
  return ways.map(({ prefix, strength, isolation }) => {
    const [command = plan.nodePath, ...args] = [...prefix, ...node];
    return { command, args, strength, isolation: ['empty environment', 'node permissions', ...isolation] };
  });
}

/** What a program needs that is not linked statically. Absent ones are left out. */
const systemLibraries = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib', '/etc/ld.so.cache'];
const nobody = '65534';

/** An empty file system with what it reads, read-only; neither /proc nor /dev, and no session to type into. */
function namespaces({ nodePath, readable }: LaunchPlan): string[] {
  const visible = [
    ...systemLibraries.filter((name) => existsSync(name)),
    realpathSync(nodePath),
    nodePath,
    ...readable,
  ];
  return [
    'bwrap',
    '--unshare-user',
    '--unshare-all',
    ...['--uid', nobody, '--gid', nobody, '--cap-drop', 'ALL'],
    '--die-with-parent',
    '--new-session',
    ...outermost(visible).flatMap((name) => ['--ro-bind', name, name]),
    ...['--chdir', '/', '--'],
  ];
}

/** Without those that lie in another one. */
function outermost(names: readonly string[]): string[] {
  const all = [...new Set(names)];
  return all.filter((name) => !all.some((other) => other !== name && name.startsWith(`${other}${path.sep}`)));
}

/** What a heap may take of the limit: the rest is for bytes outside of it and for Node itself. More is garbage, mostly. */
const heapShare = 0.5;

function nodeArguments({ readable, maxMemoryMegabytes, entryPath }: LaunchPlan): string[] {
  return [
    '--permission',
    ...readable.map((name) => `--allow-fs-read=${name}`),
    `--max-old-space-size=${Math.floor(maxMemoryMegabytes * heapShare)}`,
    '--disallow-code-generation-from-strings',
    '--disable-warning=ExperimentalWarning',
    entryPath,
  ];
}
