import { expect, it } from 'vitest';
import { startFailure } from './start-failure.ts';

it.each([
  'FATAL:  could not write to file "pg_wal/xlogtemp.71": No space left on device',
  'could not extend file "base/1/2691": wrote only 4096 of 8192 bytes at block 9\nHINT:  Check free disk space.',
])('calls a full disk a full disk: %s', (line) => {
  expect(startFailure(line.split('\n'), 'initdb failed')).toMatchObject({ code: 'DISK_FULL', kind: 'storage-full' });
});

it('shows the last lines of any other failure', () => {
  const failure = startFailure(['', 'FATAL:  bogus data in lock file', ''], 'it ended');
  expect(failure).toMatchObject({ code: 'EMBEDDED_POSTGRES_FAILED', kind: 'unavailable' });
  expect(failure.message).toContain('bogus data in lock file');
});
