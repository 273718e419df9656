import { AppError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import type { Database } from '../postgres/ports.ts';
import { type DeadRow, reviveDead, selectDead } from './store.ts';

/** A job that failed for good, kept for `worker.deadLetterDays`. */
export type DeadLetter = {
  id: string;
  queue: string;
  organizationId: string;
  data: Readonly<Record<string, string | number>>;
  /** The last failure. */
  code: string;
  message: string;
  /** `final`: its kind is never tried again; `attempts`: the last one was used; `poison`; `lost`: its workers died. */
  reason: string;
  /** How often it was handed to a worker. */
  deliveries: number;
  sentAt: Date;
  diedAt: Date;
};

export type DeadLetterFilter = { queue?: string; organizationId?: string };

/** What an operator sees and does about dead jobs, across organizations unless one is named. */
export type DeadLetters = {
  /** The latest first. `limit` up to 200, default 50. */
  list(filter?: DeadLetterFilter & { limit?: number }): Promise<DeadLetter[]>;
  /** Puts the job into its queue again, with all its attempts. Throws `DEAD_JOB_NOT_FOUND`. */
  requeue(id: string, filter?: DeadLetterFilter): Promise<void>;
  /** All of them, oldest first, up to 10,000 in one call; returns how many. */
  requeueAll(filter?: DeadLetterFilter): Promise<number>;
};

const defaultListed = 50;
const mostListed = 200;
const mostRequeued = 10_000;

export function createDeadLetters(database: Database): DeadLetters {
  const db = database.withTables();
  const revive = (id: string | undefined, { queue, organizationId }: DeadLetterFilter, limit: number) =>
    db.asSystem('requeue dead jobs', (transaction) => reviveDead(transaction, { id, queue, organizationId, limit }));
  return {
    async list({ queue, organizationId, limit = defaultListed } = {}) {
      const rows = await db.asSystem('list dead jobs', (transaction) =>
        selectDead(transaction, { queue, organizationId, limit: Math.min(Math.max(1, limit), mostListed) }),
      );
      return rows.map(toDeadLetter);
    },
    async requeue(id, filter = {}) {
      const count = isUuid(id) ? await revive(id, filter, 1) : 0;
      if (count === 0) throw new AppError('DEAD_JOB_NOT_FOUND', 'not-found', 'No dead job has this id.');
    },
    requeueAll: (filter = {}) => revive(undefined, filter, mostRequeued),
  };
}

function toDeadLetter({ id, name, data, output, created_on, completed_on }: DeadRow): DeadLetter {
  return {
    id,
    queue: name,
    organizationId: data.organization_id,
    data: data.data,
    code: output?.code ?? 'JOB_FAILED',
    message: output?.message ?? 'The job failed without a reason.',
    reason: output?.reason ?? 'attempts',
    deliveries: output?.deliveries ?? 0,
    sentAt: created_on,
    diedAt: completed_on,
  };
}
