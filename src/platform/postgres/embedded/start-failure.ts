import { AppError } from '../../errors.ts';

/** A write that stopped halfway names no error; its hint does. */
const noSpace = /No space left on device|Disk quota exceeded|Check free disk space/;

/** The disk under the home is full. `details` and `cause` are what was seen of it. */
export function diskFullError(details: Record<string, unknown>, cause?: unknown): AppError {
  return new AppError(
    'DISK_FULL',
    'storage-full',
    'The disk is full, so the embedded PostgreSQL cannot start. Free space under NEXUS_HOME and start again; nothing that was acknowledged is lost.',
    { details, cause },
  );
}

/** Says from the server's last log lines why it did not start. */
export function startFailure(lines: string[], what: string): AppError {
  const log = lines.filter((line) => line.trim() !== '');
  const text = log.join('\n');
  if (noSpace.test(text)) return diskFullError({ log });
  return new AppError(
    'EMBEDDED_POSTGRES_FAILED',
    'unavailable',
    `The embedded PostgreSQL did not start (${what}). Its last lines: ${text === '' ? 'none' : text}.`,
    { details: { log } },
  );
}
