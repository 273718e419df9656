/** A child that misbehaves on request, for the pool's tests. */
import { AppError } from '../../errors.ts';
import { serveChild } from '../serve-child.ts';

type Order = { do: string; size?: number };

const keep: unknown[] = [];

const behaviours: Record<string, (order: Order) => unknown> = {
  echo: (order) => order,
  pid: () => process.pid,
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
  refuse: () => {
    throw new AppError('DOCUMENT_DAMAGED', 'invalid', 'The file is broken.', { details: { page: 3 } });
  },
  print: () => {
    process.stdout.write('noise on stdout\n'.repeat(100_000));
    process.stderr.write('noise on stderr\n'.repeat(10_000));
    return 'done';
  },
};

const handlers: Record<string, () => Promise<unknown>> = {
  readSecrets: async () => (await import('node:fs')).readFileSync('/etc/passwd', 'utf8').length,
  writeFile: async () => (await import('node:fs')).writeFileSync('/tmp/escaped', 'x'),
  spawn: async () => (await import('node:child_process')).spawnSync('id').status,
  connect: async () => {
    const { connect } = await import('node:net');
    const socket = connect(Number(process.argv[2] ?? 9), '127.0.0.1');
    return new Promise((resolve) => {
      socket.on('connect', () => resolve('connected'));
      socket.on('error', (error) => resolve((error as NodeJS.ErrnoException).code));
    });
  },
  evaluate: async () => new Function('return 1')(),
};

serveChild(async ({ header, parts }) => {
  const order = header as Order;
  const attempt = handlers[order.do];
  if (attempt !== undefined) {
    const outcome = await attempt().catch((error: NodeJS.ErrnoException) => ({ refused: error.code ?? error.name }));
    return { header: outcome ?? null, parts: [] };
  }
  if (order.do === 'bytes') return { header: parts[0]?.byteLength, parts: [Buffer.alloc(order.size ?? 0, 65)] };
  return { header: behaviours[order.do]?.(order), parts: [] };
});
