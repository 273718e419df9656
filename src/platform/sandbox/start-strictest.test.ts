import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { sandboxConfig } from './config.ts';
import { stoppingError } from './errors.ts';
import { type Launch, planLaunches } from './launch-command.ts';
import { createStarter } from './start-strictest.ts';

const config = sandboxConfig.parse({ minStrength: 0 });
const absent: Launch = { command: 'no-such-program', args: [], strength: 1, isolation: ['of the absent'] };
const failing: Launch = {
  command: process.execPath,
  args: ['-e', 'process.exit(1)'],
  strength: 1,
  isolation: ['of the failing'],
};
const plain = planLaunches({
  nodePath: process.execPath,
  entryPath: fileURLToPath(new URL('./testing/hostile-child.ts', import.meta.url)),
  readable: ['/'],
  maxMemoryMegabytes: 100,
  cpuSeconds: 10,
}).at(-1) as Launch;

test('starts without what this machine does not have, and says by what the child is isolated', async () => {
  const starter = createStarter([absent, failing, plain], config);
  expect(starter.isolation()).toBeUndefined();
  const child = await starter.next();
  expect(starter.isolation()).toMatchObject({
    strength: 0,
    by: expect.arrayContaining(['empty environment', 'node permissions']),
  });
  expect(await child.exchange([{ header: { do: 'echo' }, parts: [] }])).toMatchObject([
    { frame: { header: { do: 'echo' } } },
  ]);
  child.kill(stoppingError());
  await child.exited;
});

test('says that no child can be started when none of the ways works', async () => {
  await expect(createStarter([absent, failing], config).next()).rejects.toMatchObject({ code: 'PARSER_UNAVAILABLE' });
});

test('refuses what is weaker than asked, and names the setting', async () => {
  const starter = createStarter([{ ...absent, strength: 3 }, plain], { ...config, minStrength: 3 });
  await expect(starter.next()).rejects.toMatchObject({
    code: 'SANDBOX_TOO_WEAK',
    message: expect.stringContaining('sandbox.minStrength'),
  });
  await expect(createStarter([plain], { ...config, minStrength: 3 }).next()).rejects.toMatchObject({
    code: 'SANDBOX_TOO_WEAK',
  });
});
