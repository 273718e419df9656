import { describe, expect, it } from 'vitest';
import { createClosables } from './closables.ts';

describe('closables', () => {
  it('close in reverse order of opening, once', async () => {
    const closed: string[] = [];
    const closables = createClosables();
    for (const name of ['database', 'index', 'http']) closables.add(name, () => void closed.push(name));
    await Promise.all([closables.close(), closables.close()]);
    await closables.close();
    expect(closed).toEqual(['http', 'index', 'database']);
  });

  it('go on after one that fails or hangs, and name all of them', async () => {
    const closed: string[] = [];
    const closables = createClosables();
    closables.add('database', () => void closed.push('database'));
    closables.add('index', () => Promise.reject(new Error('broken')));
    closables.add('http', () => new Promise(() => undefined), { timeoutMs: 20 });
    await expect(closables.close()).rejects.toMatchObject({
      code: 'CLOSE_FAILED',
      details: { parts: ['http', 'index'] },
    });
    expect(closed).toEqual(['database']);
  });
});
