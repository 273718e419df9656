import { type Kysely, Kysely as KyselyDatabase, PostgresDialect, type PostgresDriver } from 'kysely';
import pg from 'pg';
import { AppError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { DatabaseConfig } from './config.ts';
import { isConnectionLoss, isSilence, translateError } from './translate-error.ts';

/** The connections of one login. */
export type LoginPool = {
  /**
   * Runs `work` in one transaction that begins with `opening` (a `begin`, possibly with settings) when its first
   * statement is asked, in one round trip. Commits when it returns, rolls back when it throws; a connection that broke is
   * thrown away.
   */
  transaction<Tables, Result>(opening: string, work: (transaction: Kysely<Tables>) => Promise<Result>): Promise<Result>;
  ping(): Promise<void>;
  close(): Promise<void>;
};

/** How much longer than the statement's own deadline we wait for a server that has gone silent. */
const silenceMs = 5000;

/** Connections are opened when they are needed, at most `size`, and closed when they were idle for a while. */
export function createLoginPool(options: {
  url: Secret;
  name: string;
  size: number;
  config: DatabaseConfig;
}): LoginPool {
  const { config, size } = options;
  const pool = new pg.Pool({
    connectionString: options.url.reveal(),
    application_name: `nexus-${options.name}`,
    max: size,
    idleTimeoutMillis: config.pools.idleTimeoutMs,
    connectionTimeoutMillis: config.connectTimeoutMs,
    statement_timeout: config.statementTimeoutMs,
    // The server ends a slow statement itself; this is for a server that no longer says anything.
    query_timeout: config.statementTimeoutMs + silenceMs,
    lock_timeout: config.lockTimeoutMs,
    idle_in_transaction_session_timeout: config.idleInTransactionTimeoutMs,
    keepAlive: true,
    // Lets a transaction's beginning and its first statement go together; the others wait for one another as before.
    pipeline: true,
  });
  // A lost connection is noticed by whoever uses it next; without listeners it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));

  const acquire = async (): Promise<pg.PoolClient> => {
    if (pool.waitingCount >= config.pools.maxWaiting) {
      throw new AppError('DATABASE_BUSY', 'unavailable', 'Too many requests wait for the database. Try again shortly.');
    }
    return await pool.connect();
  };

  return {
    async transaction(opening, work) {
      try {
        return await finish(openLater(acquire, opening, size + 1), work);
      } catch (error) {
        throw translateError(error);
      }
    },
    async ping() {
      try {
        const client = await acquire();
        await client.query('select').then(
          () => client.release(),
          (error) => {
            client.release(true);
            throw error;
          },
        );
      } catch (error) {
        throw translateError(error);
      }
    },
    close: () => pool.end(),
  };
}

type Answer = pg.QueryResult;

/** A transaction that begins with its first statement, in the same round trip; without one, nothing is asked at all. */
type LateTransaction = {
  query(text: string, parameters: unknown[]): Promise<Answer>;
  /** Undefined when no statement was asked. */
  client(): Promise<pg.PoolClient> | undefined;
};

function openLater(acquire: () => Promise<pg.PoolClient>, opening: string, maxAttempts: number): LateTransaction {
  let opened: Promise<pg.PoolClient> | undefined;
  return {
    query(text, parameters) {
      if (opened !== undefined) return opened.then((client) => client.query(text, parameters));
      const first = begin({ acquire, opening, maxAttempts }, text, parameters);
      opened = first.then(({ client }) => client);
      // Whoever asked the statement hears of it.
      opened.catch(() => undefined);
      return first.then(({ answer }) => answer());
    },
    client: () => opened,
  };
}

type Beginning = { acquire: () => Promise<pg.PoolClient>; opening: string; maxAttempts: number };

/**
 * A connection that died while idle shows itself here; nothing has happened yet, so another one is tried. When the
 * server restarted all idle ones are dead, hence as many attempts as there can be connections, and one more.
 */
async function begin(
  { acquire, opening, maxAttempts }: Beginning,
  text: string,
  parameters: unknown[],
): Promise<{ client: pg.PoolClient; answer: () => Answer }> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await acquire();
    const [begun, answered] = await Promise.allSettled([client.query(opening), client.query(text, parameters)]);
    if (begun.status === 'fulfilled') return { client, answer: () => outcomeOf(answered) };
    client.release(true);
    if (attempt >= maxAttempts || !isConnectionLoss(begun.reason)) throw begun.reason;
  }
}

function outcomeOf<Value>(settled: PromiseSettledResult<Value>): Value {
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

async function finish<Tables, Result>(
  late: LateTransaction,
  work: (transaction: Kysely<Tables>) => Promise<Result>,
): Promise<Result> {
  const door = openDoor<Tables>(late);
  try {
    const result = await work(door.transaction);
    door.shut();
    const client = await late.client();
    const commit = await client?.query('commit');
    if (commit !== undefined && commit.command !== 'COMMIT') throw notCommitted();
    client?.release();
    return result;
  } catch (error) {
    door.shut();
    await rollBack(late, error);
    throw error;
  }
}

/** Nothing more is asked of a connection that has gone silent: the answer would not come either. */
async function rollBack(late: LateTransaction, error: unknown): Promise<void> {
  // A transaction that could not begin has given its connection back.
  const client = await late.client()?.catch(() => undefined);
  if (client === undefined) return;
  if (isSilence(error)) {
    client.release(true);
    return;
  }
  await client.query('rollback').then(
    () => client.release(),
    () => client.release(true),
  );
}

function notCommitted(): AppError {
  return new AppError(
    'TRANSACTION_NOT_COMMITTED',
    'bug',
    'A statement of the transaction had failed and its error was swallowed, so nothing was stored.',
  );
}

/**
 * Kysely on one transaction, until it is shut: a handle that is kept beyond its transaction would otherwise speak inside the
 * next one of this connection, which may belong to another organization.
 */
function openDoor<Tables>(late: LateTransaction): { transaction: Kysely<Tables>; shut(): void } {
  let open = true;
  const guarded = {
    query: (text: string, parameters: unknown[]) => {
      if (!open) throw misused('was used after its end');
      return late.query(text, parameters);
    },
    release: () => undefined,
  };
  const dialect = new PostgresDialect({
    // Kysely needs `query` and `release` of a client only.
    pool: { connect: async () => guarded as unknown as pg.PoolClient, end: async () => undefined },
  });
  const createDriver = dialect.createDriver.bind(dialect);
  dialect.createDriver = () => withoutNesting(createDriver() as PostgresDriver);
  return {
    transaction: new KyselyDatabase<Tables>({ dialect }),
    shut: () => {
      open = false;
    },
  };
}

function withoutNesting(driver: PostgresDriver): PostgresDriver {
  driver.beginTransaction = async () => {
    throw misused('was nested; do all of it in the outer one');
  };
  return driver;
}

function misused(how: string): AppError {
  return new AppError('TRANSACTION_MISUSED', 'bug', `A transaction ${how}.`);
}
