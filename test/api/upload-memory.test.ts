/** The bodies of all uploads in flight share one budget: the wiring of it, on the real upload route. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp({ settings: { 'http.maxBodyBytesInFlight': 1024 ** 2 } });
});
afterAll(() => app.close());

test('of two large uploads at once one is told to come again, and is taken when it does', async () => {
  const upload = (name: string) =>
    app.call('POST', `/api/v1/documents?filename=${name}.txt`, { body: Buffer.from(`${name} words. `.repeat(60_000)) });
  const replies = await Promise.all([upload('first'), upload('second')]);
  expect(replies.map(({ status }) => status).sort()).toEqual([201, 503]);
  const refused = replies.find(({ status }) => status === 503);
  expect(refused?.json).toMatchObject({ code: 'SERVER_BUSY' });
  expect(refused?.headers['retry-after']).toBe('1');
  expect((await upload(replies[0] === refused ? 'first' : 'second')).status).toBe(201);
});
