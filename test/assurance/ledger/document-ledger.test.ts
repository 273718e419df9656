import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createSeededRandom } from '../../../bench/harness/seeded-random.ts';
import { createDocumentLedger, type LedgerServer } from './document-ledger.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'nexus-ledger-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Accepts whatever it is sent into its queue, keeps nothing, and works for as long as `isWorking` says. */
function forgetful(isWorking: () => boolean): LedgerServer & { accepted: number } {
  return {
    accepted: 0,
    async call(method, target) {
      if (method === 'POST' && target.includes('wait=false')) {
        this.accepted += 1;
        return { status: 202, text: '{}' };
      }
      if (method !== 'GET') return { status: 503, text: '{}' };
      const items = target.includes('/tasks') && isWorking() ? [{}] : [];
      return { status: 200, text: JSON.stringify({ items, next_cursor: null }) };
    },
  };
}

test('a queue that does not end is counted, and judged once it has ended', async () => {
  let isWorking = true;
  const server = forgetful(() => isWorking);
  const ledger = createDocumentLedger({
    random: createSeededRandom(1),
    file: path.join(folder, 'ledger'),
    settleDeadlineMs: 100,
  });
  const stop = new AbortController();
  const sending = ledger.send(server, stop.signal);
  while (server.accepted < 5) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await sending;

  await ledger.compare(server);
  expect(ledger.counts).toMatchObject({ unsettled: 1, lost: 0 });
  expect(ledger.longestSettleMs).toBeGreaterThanOrEqual(100);

  isWorking = false;
  await ledger.compare(server);
  expect(ledger.counts).toMatchObject({ unsettled: 1, lost: ledger.queued });
  expect(ledger.queued).toBeGreaterThanOrEqual(5);
});
