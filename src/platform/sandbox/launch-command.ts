/** How a child is started: as strictly as this machine allows, from the strictest way down. */

export type Launch = {
  command: string;
  args: string[];
  /** What this way adds to an empty environment and Node's permission model; shown by `doctor`. */
  isolation: string[];
};

export type LaunchPlan = {
  nodePath: string;
  entryPath: string;
  /** Files and folders the child may read. */
  readable: string[];
  maxMemoryMegabytes: number;
  /** Processor time of the child's whole life; it also ends a child that spins after its parent was killed. */
  cpuSeconds: number;
};

const noNetwork = ['unshare', '--user', '--net', '--'];
const diesWithParent = ['setpriv', '--pdeathsig', 'KILL', '--no-new-privs', '--'];

/** Ways to start, strictest first. The last needs nothing but Node. */
export function planLaunches(plan: LaunchPlan): Launch[] {
  const limits = ['prlimit', `--cpu=${plan.cpuSeconds}`, '--nofile=256', '--core=0', '--'];
  const node = [plan.nodePath, ...nodeArguments(plan)];
  const ways: [string[], string[]][] = [
    [
      [...noNetwork, ...diesWithParent, ...limits],
      ['no network', 'dies with parent', 'resource limits'],
    ],
    [
      [...diesWithParent, ...limits],
      ['dies with parent', 'resource limits'],
    ],
    [limits, ['resource limits']],
    [[], []],
  ];
  return ways.map(([prefix, isolation]) => {
    const [command = plan.nodePath, ...args] = [...prefix, ...node];
    return { command, args, isolation: ['empty environment', 'node permissions', ...isolation] };
  });
}

function nodeArguments({ readable, maxMemoryMegabytes, entryPath }: LaunchPlan): string[] {
  return [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    `--max-old-space-size=${maxMemoryMegabytes}`,
    '--disallow-code-generation-from-strings',
    '--disable-warning=ExperimentalWarning',
    entryPath,
  ];
}
