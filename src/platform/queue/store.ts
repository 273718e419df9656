/** All SQL of the queue beside pg-boss' own. The tables are pg-boss' (see migrations/0004_queue.sql). */
import { sql } from 'kysely';
import type { Transaction } from '../postgres/ports.ts';
import type { JobHistory } from './retry-rule.ts';

/** One statement on a connection of the workers. */
export type Execute = (text: string, values: unknown[]) => Promise<{ rows: Record<string, unknown>[] }>;

/** The channel on which the name of a queue is told when a job in it can be done. */
export const jobsChannel = 'nexus_jobs';

/** What stands in the column `data`. */
export type StoredJob = {
  organization_id: string;
  data: Readonly<Record<string, string | number>>;
  history?: JobHistory;
};

/** One delivery: the row's count of deliveries is the fence of every change that a worker makes to it. */
export type Delivery = { queue: string; id: string; retryCount: number };

export type SentJob = {
  queue: string;
  organization_id: string;
  data: Readonly<Record<string, string | number>>;
  key: string | null;
  priority: number;
  start_after_seconds: number;
};

export async function insertJobs<Tables>(transaction: Transaction<Tables>, jobs: readonly SentJob[]): Promise<void> {
  await sql`select platform_send_jobs(${JSON.stringify(jobs)}::jsonb)`.execute(transaction);
}

/** Makes the rows of these queues where they are missing. */
export async function ensureQueues(execute: Execute, names: readonly string[]): Promise<void> {
  await execute(
    `insert into pgboss.queue (name, policy, retry_limit, retry_delay, retry_backoff, expire_seconds,
       retention_seconds, deletion_seconds, partition, table_name, heartbeat_seconds)
     select name, 'standard', 1000000, 0, false, 86400, 1209600, 2592000, false, 'job_common', 10
     from unnest($1::text[]) as name
     on conflict do nothing`,
    [names],
  );
}

/** Says that these deliveries are still in hand; returns the ids of those that are. */
export async function touchJobs(execute: Execute, deliveries: readonly Delivery[]): Promise<Set<string>> {
  const { rows } = await execute(
    `update pgboss.job_common job set heartbeat_on = now()
     from unnest($1::text[], $2::uuid[], $3::integer[]) as held (name, id, retry_count)
     where job.name = held.name and job.id = held.id and job.retry_count = held.retry_count and job.state = 'active'
     returning job.id`,
    [
      deliveries.map((delivery) => delivery.queue),
      deliveries.map((delivery) => delivery.id),
      deliveries.map((delivery) => delivery.retryCount),
    ],
  );
  return new Set(rows.map((row) => String(row.id)));
}

const isThisDelivery = `name = $1 and id = $2 and retry_count = $3 and state = 'active'`;

const fenceOf = ({ queue, id, retryCount }: Delivery): unknown[] => [queue, id, retryCount];

/** The job is done and its row goes; false: it was another worker's by then. */
export async function removeJob(execute: Execute, delivery: Delivery): Promise<boolean> {
  const { rows } = await execute(
    `delete from pgboss.job_common where ${isThisDelivery} returning id`,
    fenceOf(delivery),
  );
  return rows.length > 0;
}

/** Back into the queue, for any worker, after `delayMs`. */
export async function putBack(
  execute: Execute,
  delivery: Delivery,
  { job, delayMs }: { job: StoredJob; delayMs: number },
): Promise<boolean> {
  const { rows } = await execute(
    `with back as (
       update pgboss.job_common
       set state = 'retry', data = $4::jsonb, start_after = now() + make_interval(secs => $5::double precision / 1000),
         heartbeat_on = null
       where ${isThisDelivery}
       returning id
     )
     select id, case when $5 = 0 then pg_notify('${jobsChannel}', $1) end from back`,
    [...fenceOf(delivery), JSON.stringify(job), delayMs],
  );
  return rows.length > 0;
}

/** Every job in hand goes back into its queue; a late word of its former holder finds no delivery of its own. */
export async function giveBackAll<Tables>(transaction: Transaction<Tables>): Promise<number> {
  const result = await sql`
    update pgboss.job_common set state = 'retry', start_after = now(), heartbeat_on = null
    where state = 'active'`.execute(transaction);
  return Number(result.numAffectedRows ?? 0n);
}

export type Death = { code: string; kind: string; message: string; reason: string; deliveries: number };

/** The job becomes a dead letter, kept for `keepDays`. */
export async function buryJob(
  execute: Execute,
  delivery: Delivery,
  { death, keepDays }: { death: Death; keepDays: number },
): Promise<boolean> {
  const { rows } = await execute(
    `update pgboss.job_common
     set state = 'failed', completed_on = now(), output = $4::jsonb, deletion_seconds = $5::integer * 86400,
       heartbeat_on = null
     where ${isThisDelivery}
     returning id`,
    [...fenceOf(delivery), JSON.stringify(death), keepDays],
  );
  return rows.length > 0;
}

export type Depth = { queue: string; ready: number; deferred: number; active: number; dead: number };

/** As the supervising worker counted them last, a few seconds ago at most. */
export async function readDepths(execute: Execute, names: readonly string[]): Promise<Depth[]> {
  const { rows } = await execute(
    `select name, ready_count as ready, deferred_count as deferred, active_count as active, failed_count as dead
     from pgboss.queue where name = any($1::text[])`,
    [names],
  );
  return rows.map((row) => ({
    queue: String(row.name),
    ready: Number(row.ready),
    deferred: Number(row.deferred),
    active: Number(row.active),
    dead: Number(row.dead),
  }));
}

export type DeadRow = {
  id: string;
  name: string;
  data: StoredJob;
  output: Partial<Death> | null;
  created_on: Date;
  completed_on: Date;
};

export async function selectDead<Tables>(
  transaction: Transaction<Tables>,
  filter: { queue: string | undefined; organizationId: string | undefined; limit: number },
): Promise<DeadRow[]> {
  const { rows } = await sql<DeadRow>`
    select id, name, data, output, created_on, completed_on from pgboss.job_common
    where state = 'failed' and (${filter.queue ?? null}::text is null or name = ${filter.queue ?? null})
      and (${filter.organizationId ?? null}::text is null
           or data->>'organization_id' = ${filter.organizationId ?? null})
    order by completed_on desc, id desc limit ${filter.limit}`.execute(transaction);
  return rows;
}

/** Dead jobs into their queue again, without their history. Deliveries go on counting. Returns how many. */
export async function reviveDead<Tables>(
  transaction: Transaction<Tables>,
  filter: {
    id: string | undefined;
    queue: string | undefined;
    organizationId: string | undefined;
    limit: number;
  },
): Promise<number> {
  const { rows } = await sql<{ name: string }>`
    update pgboss.job_common
    set state = 'retry', start_after = now(), completed_on = null, output = null, heartbeat_on = null,
      data = data - 'history' || jsonb_build_object('history', jsonb_build_object('settled', retry_count + 1))
    where (name, id) in (
      select name, id from pgboss.job_common
      where state = 'failed' and (${filter.id ?? null}::uuid is null or id = ${filter.id ?? null})
        and (${filter.queue ?? null}::text is null or name = ${filter.queue ?? null})
        and (${filter.organizationId ?? null}::text is null
             or data->>'organization_id' = ${filter.organizationId ?? null})
      order by completed_on limit ${filter.limit} for update skip locked)
    returning name`.execute(transaction);
  for (const name of new Set(rows.map((row) => row.name))) {
    await sql`select pg_notify(${jobsChannel}, ${name})`.execute(transaction);
  }
  return rows.length;
}
