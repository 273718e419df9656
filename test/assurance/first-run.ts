/**
 * The newcomer: a fresh clone, an empty npm cache, the system's own Node, as root and as a normal user: one command, a
 * cited answer; again; again without a network. Installs from the npm registry, so it needs one at first.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readServerFile } from '#app/server-file.ts';
import { projectRoot } from '../../bench/harness/machine.ts';
import { usageOf } from '../../bench/harness/process-usage.ts';
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';

const limits = { install_s: 90, answer_s: 60, pss_mib: 400 };
const restMs = 30_000;
const commandTimeoutMs = 300_000;
const nobody = 65534;
const expectedAnswer = /three days a week[^\n]*\[1\]/;

/** Loopback is down in a new network namespace, and `ip` is not on every machine. */
const loopbackUp = 'import fcntl,socket,struct;s=socket.socket();fcntl.ioctl(s,0x8914,struct.pack("16sH",b"lo",1))';

type Figures = Record<string, number | string | boolean>;

export const program: AssuranceProgram = {
  describe: 'The README’s first command on a fresh clone: as root and not, twice, and without a network',
  async run(context: AssuranceContext): Promise<AssuranceOutcome> {
    const isRoot = process.getuid?.() === 0;
    const users = isRoot ? ['root', 'nobody'] : [os.userInfo().username];
    const figures: Figures = {};
    let failures = 0;
    for (const user of users) {
      const found = await walk(user, isRoot, context.log);
      for (const [name, value] of Object.entries(found.figures)) figures[`${user}_${name}`] = value;
      failures += found.failures;
    }
    return { n: users.length * 3, figures: { ...figures, failures }, pass: failures === 0 };
  },
};

async function walk(user: string, isRoot: boolean, log: (line: string) => void) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-newcomer-'));
  const clone = path.join(folder, 'nexus');
  const figures: Figures = {};
  let failures = 0;
  const check = (what: string, holds: boolean, said = '') => {
    if (holds) return;
    failures += 1;
    log(`${user}: ${what} does not hold.\n${said}`);
  };
  const run = createRunner({ user, clone, folder, isRoot });
  try {
    sh('git', ['-c', 'safe.directory=*', 'clone', '--quiet', '--no-hardlinks', projectRoot, clone]);
    mkdirSync(path.join(folder, 'home'));
    if (user === 'nobody') giveTo(folder, nobody);

    const first = run('npm', ['run', 'quickstart']);
    check(
      'the first quickstart ends 0 with the cited answer',
      first.status === 0 && expectedAnswer.test(first.said),
      first.said,
    );
    figures.total_s = first.seconds;
    figures.install_s = Number(/([\d.]+) s/.exec(/Installing[^\n]*/.exec(first.said)?.[0] ?? '')?.[1] ?? Number.NaN);
    figures.answer_s = Math.round((first.seconds - Number(figures.install_s)) * 10) / 10;

    log(`${user}: resting ${restMs / 1000} s …`);
    await sleep(restMs);
    const server = await readServerFile(path.join(clone, '.nexus'));
    figures.pss_mib = server === undefined ? Number.NaN : Math.round(usageOf(server.pid).pssMiB);
    // Figures beside their bounds, not verdicts: a slow network must not look like a broken product.
    figures.within_limits =
      figures.install_s <= limits.install_s && figures.answer_s <= limits.answer_s && figures.pss_mib <= limits.pss_mib;

    const again = run('npm', ['run', 'quickstart']);
    check('a second quickstart ends 0', again.status === 0 && expectedAnswer.test(again.said), again.said);
    check('the server stops', run('./nexus', ['stop']).status === 0);
    check('no process of the clone is left', processesOf(clone).length === 0, processesOf(clone).join('\n'));

    if (isRoot) {
      const offline = run('npm', ['run', 'quickstart'], { withoutNetwork: true });
      figures.offline_s = offline.seconds;
      check('without a network it ends 0', offline.status === 0 && expectedAnswer.test(offline.said), offline.said);
      run('./nexus', ['stop'], { withoutNetwork: true });
    }
  } finally {
    for (const pid of processesOf(clone)) process.kill(Number(pid), 'SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
  return { figures, failures };
}

type RunnerOptions = { user: string; clone: string; folder: string; isRoot: boolean };

function createRunner({ user, clone, folder, isRoot }: RunnerOptions) {
  const environment = {
    // The system's Node, not the pinned one that runs this program.
    PATH: (process.env.PATH ?? '')
      .split(':')
      .filter((entry) => !entry.includes('node_modules'))
      .join(':'),
    HOME: path.join(folder, 'home'),
    npm_config_cache: path.join(folder, 'npm-cache'),
    NEXUS_HTTP__PORT: '0',
    NEXUS_TELEMETRY__METRICS_PORT: '0',
    ...certificates(),
  };
  return (command: string, args: string[], { withoutNetwork = false } = {}) => {
    const asUser =
      isRoot && user === 'nobody'
        ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--', command, ...args]
        : [command, ...args];
    const words = withoutNetwork
      ? ['unshare', '--net', 'sh', '-c', `python3 -c '${loopbackUp}' && exec "$@"`, 'sh', ...asUser]
      : asUser;
    const startedMs = performance.now();
    const [name = '', ...rest] = words;
    const ended = spawnSync(name, rest, { cwd: clone, env: environment, encoding: 'utf8', timeout: commandTimeoutMs });
    const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
    return { status: ended.status, said: `${ended.stdout}${ended.stderr}`, seconds };
  };
}

/** How the machine reaches the registry is its own matter. */
function certificates(): Record<string, string> {
  const names = ['NODE_EXTRA_CA_CERTS', 'npm_config_cafile', 'npm_config_registry', 'HTTPS_PROXY', 'https_proxy'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Processes whose command names the clone. */
function processesOf(clone: string): string[] {
  const found = spawnSync('pgrep', ['-f', '--', clone], { encoding: 'utf8' }).stdout ?? '';
  return found.split('\n').filter((pid) => pid !== '' && Number(pid) !== process.pid);
}

function giveTo(folder: string, uid: number): void {
  sh('chown', ['-R', '-h', `${uid}:${uid}`, folder]);
}

function sh(command: string, args: string[]): void {
  const ended = spawnSync(command, args, { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${ended.stderr}`);
}
