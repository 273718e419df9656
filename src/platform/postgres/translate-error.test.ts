import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { isConnectionLoss, translateError } from './translate-error.ts';

const withCode = (code: string, extra: object = {}): Error =>
  Object.assign(new Error('from PostgreSQL'), { code, ...extra });

describe('translating an error', () => {
  it.each([
    ['40001', 'DATABASE_CONFLICT', 'unavailable'],
    ['40P01', 'DATABASE_CONFLICT', 'unavailable'],
    ['53100', 'STORAGE_FULL', 'storage-full'],
    ['XX001', 'DATABASE_DAMAGED', 'unavailable'],
    ['XX002', 'DATABASE_DAMAGED', 'unavailable'],
    ['57014', 'DATABASE_TIMEOUT', 'timeout'],
    ['55P03', 'DATABASE_TIMEOUT', 'timeout'],
    ['57P01', 'DATABASE_UNAVAILABLE', 'unavailable'],
    ['57P03', 'DATABASE_UNAVAILABLE', 'unavailable'],
    ['08006', 'DATABASE_UNAVAILABLE', 'unavailable'],
    ['53300', 'DATABASE_UNAVAILABLE', 'unavailable'],
    ['ECONNREFUSED', 'DATABASE_UNAVAILABLE', 'unavailable'],
    ['28P01', 'DATABASE_ACCESS_DENIED', 'unavailable'],
    ['22021', 'TEXT_INVALID', 'invalid'],
  ])('%s becomes %s', (sqlState, code, kind) => {
    const error = withCode(sqlState);
    expect(translateError(error)).toMatchObject({ code, kind, cause: error, details: { sqlState } });
  });

  it.each(['23505', '23503', '42501', '22P02'])('leaves %s to the store', (sqlState) => {
    const error = withCode(sqlState);
    expect(translateError(error)).toBe(error);
  });

  it('knows the messages of the driver that have no code', () => {
    expect(isConnectionLoss(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isConnectionLoss(new Error('timeout exceeded when trying to connect'))).toBe(true);
    expect(isConnectionLoss(new Error('something else'))).toBe(false);
  });

  it('takes a missing socket for a missing server and a missing file for nothing of ours', () => {
    expect(isConnectionLoss(withCode('ENOENT', { syscall: 'connect' }))).toBe(true);
    expect(isConnectionLoss(withCode('ENOENT', { syscall: 'open' }))).toBe(false);
  });

  it('sees a full disk in the message of an I/O error', () => {
    const error = withCode('58030', { message: 'could not extend file: No space left on device' });
    expect(translateError(error)).toMatchObject({ code: 'STORAGE_FULL' });
  });

  it('lets an AppError and what is no error pass', () => {
    const known = new AppError('DOCUMENT_NOT_FOUND', 'not-found', 'There is no such document.');
    expect(translateError(known)).toBe(known);
    expect(translateError('text')).toBe('text');
  });
});
