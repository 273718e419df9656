import { AppError, type ErrorKind } from '../errors.ts';
import { sqlStateOf } from './errors.ts';

type Translation = { code: string; kind: ErrorKind; message: string };

const unavailable: Translation = {
  code: 'DATABASE_UNAVAILABLE',
  kind: 'unavailable',
  message: 'The database cannot be reached at the moment. Try again shortly.',
};
const conflict: Translation = {
  code: 'DATABASE_CONFLICT',
  kind: 'unavailable',
  message: 'Another change touched the same data at the same time. Try again.',
};
const timeout: Translation = {
  code: 'DATABASE_TIMEOUT',
  kind: 'timeout',
  message: 'The database took too long for this. Try again, or ask for less at once.',
};
const storageFull: Translation = {
  code: 'STORAGE_FULL',
  kind: 'storage-full',
  message: 'The disk of the database is full, so nothing can be written. Reading goes on; free space to continue.',
};
const textInvalid: Translation = {
  code: 'TEXT_INVALID',
  kind: 'invalid',
  message: 'A text of the request holds the character NUL, which cannot be stored. Remove it.',
};
const damaged: Translation = {
  code: 'DATABASE_DAMAGED',
  kind: 'unavailable',
  message:
    'The database found data on its disk that is not what it wrote. Check the disk, then restore the database from a backup.',
};
const accessDenied: Translation = {
  code: 'DATABASE_ACCESS_DENIED',
  kind: 'unavailable',
  message: 'The database refused the login. Run `./nexus migrate` to repair the logins, or correct the URL.',
};

/** By SQLSTATE and by Node's codes; `08`, `57P` and `28` stand for their whole class. */
const translations: Record<string, Translation> = {
  '40001': conflict,
  '40P01': conflict,
  '53100': storageFull,
  XX001: damaged,
  XX002: damaged,
  ENOSPC: storageFull,
  '57014': timeout,
  '55P03': timeout,
  '25P03': timeout,
  '25P04': timeout,
  '53300': unavailable,
  '53200': unavailable,
  '3D000': unavailable,
  '22021': textInvalid,
  '08': unavailable,
  '57P': unavailable,
  '28': accessDenied,
  ECONNREFUSED: unavailable,
  ECONNRESET: unavailable,
  ENOENT: unavailable,
  EPIPE: unavailable,
  ETIMEDOUT: unavailable,
  EHOSTUNREACH: unavailable,
  ENETUNREACH: unavailable,
  ENOTFOUND: unavailable,
  EAI_AGAIN: unavailable,
  EACCES: unavailable,
};

/** Texts of pg and pg-pool, which give these no code. */
const lostConnection =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed)/;
/** pg gave up waiting for an answer. */
const silence = /^Query read timeout$/;
/** What an I/O error of a full disk looks like when it is not PostgreSQL's own 53100. */
const noSpace = /No space left on device|Disk quota exceeded/;

/**
 * Turns what PostgreSQL or its driver throws into an AppError, once, keeping the cause. Everything else, constraint
 * violations above all, comes back as it is: only the store knows what it means.
 */
export function translateError(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const translation = translationOf(error);
  if (translation === undefined) return error;
  const details = { sqlState: sqlStateOf(error) ?? null };
  return new AppError(translation.code, translation.kind, translation.message, { cause: error, details });
}

function translationOf(error: Error): Translation | undefined {
  const code = sqlStateOf(error);
  if (noSpace.test(error.message)) return storageFull;
  // Without `connect` these are about a file, and none of ours.
  if ((code === 'ENOENT' || code === 'EACCES') && !('syscall' in error && error.syscall === 'connect'))
    return undefined;
  if (isSilence(error)) return timeout;
  if (code === undefined) return lostConnection.test(error.message) ? unavailable : undefined;
  return translations[code] ?? classTranslation(code);
}

function classTranslation(code: string): Translation | undefined {
  return /^[0-9A-Z]{5}$/.test(code) ? (translations[code.slice(0, 3)] ?? translations[code.slice(0, 2)]) : undefined;
}

/** True when the connection itself is gone or the server is: trying again on another connection may help. */
export function isConnectionLoss(error: unknown): boolean {
  return error instanceof Error && !(error instanceof AppError) && translationOf(error) === unavailable;
}

/** True when the server did not answer at all within the time: what it did is unknown, and the connection is of no use. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && silence.test(error.message);
}
