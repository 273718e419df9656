/** Sends what is due, endpoint by endpoint. Several may run on one database: a delivery is claimed before it is sent. */
import type { Clock } from '#platform/clock.ts';
import { recordEvents } from '#platform/events/index.ts';
import type { Ids } from '#platform/ids.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { Random } from '#platform/random.ts';
import type { WebhooksConfig } from './config.ts';
import { decideOutcome, type Outcome } from './decide-outcome.ts';
import type { SealedSecrets } from './sealed-secrets.ts';
import type { SendOne } from './send-one.ts';
import {
  blockWebhook,
  type ClaimedDelivery,
  claimDeliveries,
  findDueWebhooks,
  type MessagingTables,
  type MessagingTransaction,
  settleDelivery,
  updateWebhook,
  type WebhookRow,
} from './store.ts';

export type WebhookSender = {
  start(): void;
  /** Something was queued: look soon. */
  nudge(): void;
  close(): Promise<void>;
};

export type SenderDependencies = {
  db: TableDatabase<MessagingTables>;
  clock: Clock;
  ids: Ids;
  random: Random;
  config: WebhooksConfig;
  secrets: SealedSecrets;
  sendOne: SendOne;
  onOutcome(outcome: Outcome['kind']): void;
  onError(error: unknown): void;
};

type Endpoint = { organizationId: string; webhookId: string };

/** What was queued becomes visible with the commit of whoever nudges. */
const afterNudgeMs = 10;
/** A claimed delivery of a sender that was killed is sent again after the time-out and this. */
const leaseSlackMs = 10_000;
const hourMs = 3_600_000;

export function createWebhookSender(dependencies: SenderDependencies): WebhookSender {
  const { db, config, onError } = dependencies;
  const stop = new AbortController();
  const busy = new Map<string, Promise<void>>();
  const sendClaimed = createSendClaimed(dependencies, stop.signal);
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let started = false;
  let isLooking = false;
  let wasNudged = false;

  /** Until nothing of it is due any more. */
  async function serve({ organizationId, webhookId }: Endpoint): Promise<void> {
    while (!stop.signal.aborted) {
      const claimed = await db.inOrganization(organizationId, (transaction) =>
        claimDeliveries(transaction, webhookId, config.timeoutMs + leaseSlackMs),
      );
      if (claimed === undefined || claimed.deliveries.length === 0) return;
      await Promise.all(claimed.deliveries.map((delivery) => sendClaimed(organizationId, claimed.webhook, delivery)));
    }
  }

  async function look(): Promise<void> {
    const due = await db.asSystem('find where deliveries are due', (transaction) =>
      findDueWebhooks(transaction, config.concurrency * 2),
    );
    for (const endpoint of due) {
      if (busy.has(endpoint.webhookId) || busy.size >= config.concurrency || stop.signal.aborted) continue;
      const work = serve(endpoint)
        .catch(onError)
        .finally(() => busy.delete(endpoint.webhookId));
      busy.set(endpoint.webhookId, work);
    }
  }

  function schedule(ms: number): void {
    clearTimeout(timer);
    if (stop.signal.aborted) return;
    timer = setTimeout(() => {
      looking = turn();
    }, ms);
  }

  /** A nudge during the look may be about what it has not seen any more. */
  async function turn(): Promise<void> {
    wasNudged = false;
    isLooking = true;
    await look().catch(onError);
    isLooking = false;
    schedule(wasNudged ? afterNudgeMs : config.intervalMs);
  }

  return {
    start() {
      if (started) return;
      started = true;
      schedule(0);
    },
    nudge() {
      wasNudged = true;
      if (started && !isLooking) schedule(afterNudgeMs);
    },
    async close() {
      stop.abort();
      clearTimeout(timer);
      await looking;
      await Promise.all(busy.values());
    },
  };
}

function createSendClaimed(dependencies: SenderDependencies, signal: AbortSignal) {
  const { db, clock, ids, random, config, secrets, sendOne, onOutcome } = dependencies;

  function decide(answer: Parameters<typeof decideOutcome>[0], delivery: ClaimedDelivery): Outcome {
    const failedAt = delivery.firstFailedAt?.getTime();
    const [byte = 0] = random.bytes(1);
    return decideOutcome(answer, {
      attempts: delivery.attempts,
      failingForMs: failedAt === undefined ? 0 : clock.now().getTime() - failedAt,
      chance: byte / 256,
      firstRetryMs: config.firstRetryMs,
      longestRetryMs: config.longestRetryMs,
      giveUpAfterMs: config.giveUpAfterHours * hourMs,
    });
  }

  async function disable(
    transaction: MessagingTransaction,
    organizationId: string,
    webhook: WebhookRow,
    outcome: Extract<Outcome, { kind: 'dead' }>,
  ): Promise<void> {
    const { id, name } = webhook;
    await updateWebhook(transaction, id, { state: 'disabled', disabled_reason: outcome.reason });
    const data = { webhook_id: id, name, reason: outcome.reason, last_status: outcome.status ?? null };
    await recordEvents(transaction, [{ id: ids.next(), organizationId, type: 'webhook.disabled', priority: 8, data }]);
  }

  async function settle(
    organizationId: string,
    webhook: WebhookRow,
    delivery: ClaimedDelivery,
    outcome: Outcome,
  ): Promise<void> {
    await db.inOrganization(organizationId, async (transaction) => {
      const isOurs = await settleDelivery(transaction, delivery, endOf(outcome));
      if (!isOurs) return;
      if (outcome.kind === 'retry') await blockWebhook(transaction, webhook.id, outcome.waitMs);
      if (outcome.kind === 'dead') await disable(transaction, organizationId, webhook, outcome);
    });
  }

  return async (organizationId: string, webhook: WebhookRow, delivery: ClaimedDelivery): Promise<void> => {
    const target = { url: webhook.url, secrets: secrets.secretsOf(webhook) };
    const answer = await sendOne(target, delivery.payload, signal);
    // Cut short by our own stop: not the receiver's failure. Its lease lapses and another sender takes it.
    if (signal.aborted && answer.kind === 'failed') return;
    const outcome = decide(answer, delivery);
    await settle(organizationId, webhook, delivery, outcome);
    onOutcome(outcome.kind);
  };
}

const endOf = (outcome: Outcome): Parameters<typeof settleDelivery>[2] =>
  outcome.kind === 'retry'
    ? { state: 'pending', waitMs: outcome.waitMs, status: outcome.status, reason: outcome.reason }
    : {
        state: outcome.kind,
        waitMs: 0,
        status: outcome.status,
        reason: outcome.kind === 'dead' ? outcome.reason : undefined,
      };
