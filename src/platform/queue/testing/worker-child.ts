/** A worker process for the tests that kill one: takes one job, says so and never ends it. */
import { Secret } from '../../secret.ts';
import { openWorkers } from './open-workers.ts';

const [, , url = '', queue = ''] = process.argv;
await openWorkers(new Secret(url), [
  {
    name: queue,
    concurrency: 1,
    maxAttempts: 5,
    async handle(job) {
      process.stdout.write(`${job.id}\n`);
      await new Promise(() => undefined);
    },
  },
]);
process.stdout.write('ready\n');
