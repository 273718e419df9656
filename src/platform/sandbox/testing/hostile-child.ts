/** A child that misbehaves on request, for the pool's tests. */
import { AppError } from '../../errors.ts';
import { serveChild } from '../serve-child.ts';

type Order = { do: string; size?: number; path?: string; port?: number; target?: number };

const keep: unknown[] = [];
let ordersBefore = 0;

const behaviours: Record<string, (order: Order) => unknown> = {
  echo: (order) => order,
  count: () => ordersBefore++,
  environment: () => Object.keys(process.env),
  loop: () => {
    for (;;) keep.length = 0;
  },
  hog: () => {
    for (;;) keep.push(Buffer.alloc(8_000_000, 1));
  },
  hogHeap: () => {
    for (;;) keep.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
  },
  crash: () => process.abort(),
  exit: () => process.exit(0),
  throw: () => {
    throw new Error('a bug of the parser');
  },
  throwForMemory: () => {
    throw new TypeError('Internal error. Icu error.');
  },
  refuse: () => {
    throw new AppError('DOCUMENT_DAMAGED', 'invalid', 'The file is broken.', { details: { page: 3 } });
  },
  refuseAtLength: () => {
    const deep = JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`) as unknown;
    const details = { page: 3, isLast: true, deep, list: [1], words: 'x'.repeat(10_000), retryAfterMs: null };
    throw new AppError('DOCUMENT_DAMAGED', 'invalid', 'y'.repeat(10_000), { details });
  },
  longAnswer: () => 'z'.repeat(5_000_000),
  print: () => {
    process.stdout.write('noise on stdout\n'.repeat(100_000));
    process.stderr.write('noise on stderr\n'.repeat(10_000));
    return 'done';
  },
};

/** What a file that has taken over its reader would try; each returns what it got hold of. */
const escapes: Record<string, (order: Order) => Promise<unknown>> = {
  readSecrets: async () => (await import('node:fs')).readFileSync('/etc/passwd', 'utf8').length,
  readHome: async ({ path = '' }) => (await import('node:fs')).readdirSync(path).length,
  writeFile: async ({ path = '/tmp/escaped' }) => (await import('node:fs')).writeFileSync(path, 'x'),
  spawn: async () => (await import('node:child_process')).spawnSync('/bin/true').error?.message ?? 'spawned',
  forkBomb: async () => {
    const { spawn } = await import('node:child_process');
    for (let count = 0; count < 20; count += 1) spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)']);
    return 'forked';
  },
  killProcess: async ({ target = 0 }) => process.kill(target, 'SIGTERM'),
  readMemory: async ({ target = 0 }) => (await import('node:fs')).openSync(`/proc/${target}/mem`, 'r+'),
  connect: async ({ port = 9 }) => {
    const { connect } = await import('node:net');
    const socket = connect(port, '127.0.0.1');
    return new Promise((resolve, reject) => socket.on('connect', () => resolve('connected')).on('error', reject));
  },
  evaluate: async () => new Function('return 1')(),
};

serveChild(async ({ header, parts }) => {
  const order = header as Order;
  const attempt = escapes[order.do];
  if (attempt !== undefined) {
    const outcome = await attempt(order).catch((error: NodeJS.ErrnoException) => ({
      refused: error.code ?? error.name,
    }));
    return { header: outcome ?? null, parts: [] };
  }
  if (order.do === 'bytes') return { header: parts[0]?.byteLength, parts: [Buffer.alloc(order.size ?? 0, 65)] };
  return { header: behaviours[order.do]?.(order), parts: [] };
});
