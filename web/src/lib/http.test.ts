import { describe, expect, it } from 'vitest';
import { parseProblem, withQuery } from './http.ts';

describe('what a refused request says', () => {
  it('reads problem+json', () => {
    const text = JSON.stringify({ code: 'TOO_LARGE', message: 'The file is too large.', request_id: 'r1' });
    expect(parseProblem({ status: 413, text, requestId: 'r2' })).toEqual({
      status: 413,
      code: 'TOO_LARGE',
      message: 'The file is too large.',
      requestId: 'r1',
    });
  });

  it.each(['', '<html>Bad gateway</html>', 'null', '{"code":7}'])('survives a body that is no problem: %s', (text) => {
    expect(parseProblem({ status: 502, text, requestId: 'r2' })).toEqual({
      status: 502,
      code: 'HTTP_502',
      message: 'The server answered with status 502.',
      requestId: 'r2',
    });
  });
});

it('leaves out what a query does not say', () => {
  expect(withQuery('/list', { limit: 5, cursor: undefined, name: 'a b&c' })).toBe('/list?limit=5&name=a+b%26c');
  expect(withQuery('/list', { cursor: undefined })).toBe('/list');
});
