/** A parent that is going to be killed: has a child do what its first argument says, after telling the child's pid. */
import { createChildPool } from '../child-pool.ts';
import { sandboxConfig } from '../config.ts';
import { descendantsOf } from './descendants.ts';

const pool = createChildPool({
  entry: new URL('./hostile-child.ts', import.meta.url),
  readable: [
    new URL('../../../', import.meta.url).pathname,
    new URL('../../../../package.json', import.meta.url).pathname,
  ],
  config: sandboxConfig.parse({ size: 1, idleMs: 600_000 }),
});
const { signal } = new AbortController();
const { by } = await pool.probe(signal);
process.send?.({ pids: descendantsOf(process.pid), isolation: by });
await pool.run({ header: { do: process.argv[2] }, parts: [] }, signal);
