import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AppError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { createLogger, type LoggerOptions } from './logger.ts';
import { runInRequestContext } from './request-context.ts';

function capture(options: LoggerOptions = {}) {
  const lines: string[] = [];
  return { logger: createLogger({ ...options, destination: { write: (line) => void lines.push(line) } }), lines };
}

describe('a log line', () => {
  test('holds time, level, event and its fields in snake_case', () => {
    const { logger, lines } = capture();
    logger.child({ module: 'ingestion' }).info('document.indexed', { documentId: 'd1', tookMs: 3, big: 5n });
    const line = JSON.parse(lines[0] ?? '');
    expect(line).toMatchObject({
      level: 'info',
      module: 'ingestion',
      event: 'document.indexed',
      document_id: 'd1',
      took_ms: 3,
      big: '5',
    });
    expect(line.time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  test('carries the ids of the request that is being served', async () => {
    const { logger, lines } = capture();
    await runInRequestContext({ requestId: 'r1', organizationId: 'o1' }, async () => {
      await Promise.resolve();
      logger.info('a.b');
    });
    logger.info('c.d');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ request_id: 'r1', organization_id: 'o1' });
    expect(JSON.parse(lines[1] ?? '').request_id).toBeUndefined();
  });

  test('is not written below the level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.info('a.b');
    logger.warn('c.d');
    expect(lines).toHaveLength(1);
  });

  test('tells an error with code, kind, details and cause', () => {
    const { logger, lines } = capture();
    const cause = new Error('socket closed');
    logger.error('a.failed', {
      error: new AppError('A_FAILED', 'unavailable', 'It failed.', { details: { retryAfterMs: 5 }, cause }),
    });
    expect(JSON.parse(lines[0] ?? '').error).toMatchObject({
      code: 'A_FAILED',
      kind: 'unavailable',
      message: 'It failed.',
      details: { retry_after_ms: 5 },
      cause: { message: 'socket closed' },
    });
  });
});

describe('secrets', () => {
  test.each([
    ['by type', { value: new Secret('hunter2') }],
    [
      'by key',
      {
        password: 'hunter2',
        apiKey: 'hunter2',
        'x-api-key': 'hunter2',
        accessToken: 'hunter2',
        cookie: ['hunter2'],
        nested: { clientSecret: 'hunter2' },
      },
    ],
    ['in addresses', { url: 'postgres://me:hunter2@host/db', link: 'http://h/?a=1&token=hunter2&b=2' }],
    ['in headers', { message: 'sent Authorization: Bearer hunter2hunter2 to it', other: 'Basic hunter2hunter2==' }],
    ['in keys of providers', { message: 'sk-hunter2hunter2hunter2 and ghp_hunter2hunter2hunter2' }],
    [
      'in errors',
      {
        error: new Error('password authentication to postgres://me:hunter2@h failed', {
          cause: new Error('Bearer hunter2hunter2'),
        }),
      },
    ],
  ])('are taken out %s', (_name, fields) => {
    for (const format of ['json', 'pretty'] as const) {
      const { logger, lines } = capture({ format });
      logger.child(fields).error('a.b', fields);
      expect(lines.join('')).not.toContain('hunter2');
    }
  });

  test('are not confused with counts', () => {
    const { logger, lines } = capture();
    logger.info('a.b', { tokensUsed: 7, tokens: 8, maxTokens: 9, keys: ['a'], passwordSet: true });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      tokens_used: 7,
      tokens: 8,
      max_tokens: 9,
      keys: ['a'],
      password_set: true,
    });
  });
});

describe('anything at all', () => {
  test('can be logged: one bounded line, never an exception', () => {
    const { logger, lines } = capture();
    const loop: Record<string, unknown> = {
      long: 'x'.repeat(100_000),
      bytes: Buffer.alloc(1000),
      when: new Date(Number.NaN),
    };
    loop.self = loop;
    logger.info('a.b', loop);
    expect(lines[0]?.length).toBeLessThan(40_000);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (fields) => {
        lines.length = 0;
        logger.info('a.b', fields);
        expect(lines).toHaveLength(1);
        expect(lines[0]?.trimEnd()).not.toContain('\n');
      }),
      { numRuns: 300 },
    );
  });

  test('cannot steer a terminal or forge a line in the pretty format', () => {
    const { logger, lines } = capture({ format: 'pretty' });
    logger.info('a.b', { name: '\u001b[2Jclear\nINFO forged' });
    expect(lines.join('').trimEnd()).not.toMatch(/\p{Cc}/u);
  });
});
