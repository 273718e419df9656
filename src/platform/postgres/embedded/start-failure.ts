import { AppError } from '../../errors.ts';

/** Says from the server's last log lines why it did not start. */
export function startFailure(lines: string[], what: string): AppError {
  const log = lines.filter((line) => line.trim() !== '');
  const text = log.join('\n');
  if (/No space left on device|Disk quota exceeded/.test(text)) {
    return new AppError(
      'DISK_FULL',
      'storage-full',
      'The disk is full, so the embedded PostgreSQL cannot start. Free space under NEXUS_HOME and start again; nothing that was acknowledged is lost.',
      { details: { log } },
    );
  }
  return new AppError(
    'EMBEDDED_POSTGRES_FAILED',
    'unavailable',
    `The embedded PostgreSQL did not start (${what}). Its last lines: ${text === '' ? 'none' : text}.`,
    { details: { log } },
  );
}
