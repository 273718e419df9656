import { AppError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import { beforeCommitIn } from './before-commit.ts';
import type { DatabaseConfig } from './config.ts';
import { createLoginPool, type LoginPool } from './login-pool.ts';
import type { LoginUrls } from './logins.ts';
import type { Database, TableDatabase, Transaction } from './ports.ts';

export type DatabaseOptions = {
  urls: Pick<LoginUrls, 'app' | 'system' | 'resolver'>;
  config: DatabaseConfig;
  /** Hears the reason of each use of the system login, for the metric. */
  onSystemUse?: (reason: string) => void;
};

/** The door to PostgreSQL for the whole product. Opens no connection before it is needed. */
export function openDatabase({ urls, config, onSystemUse }: DatabaseOptions): Database {
  const pools = {
    app: createLoginPool({ url: urls.app, name: 'app', size: config.pools.app, config }),
    system: createLoginPool({ url: urls.system, name: 'system', size: config.pools.system, config }),
    resolver: createLoginPool({ url: urls.resolver, name: 'resolver', size: config.pools.resolver, config }),
  };
  let closing: Promise<unknown> | undefined;
  return {
    withTables: <Tables>(): TableDatabase<Tables> => ({
      inOrganization: async (organizationId, work) =>
        pools.app.transaction(beginInside(organizationId), (transaction: Transaction<Tables>) =>
          workToCommit(organizationId, transaction, work),
        ),
      asSystem: async (reason, work) => {
        onSystemUse?.(reason);
        return pools.system.transaction('begin', work);
      },
      asResolver: async (work) => pools.resolver.transaction('begin', work),
    }),
    ping: async () => {
      await Promise.all(Object.entries(pools).map(([login, pool]) => pingLogin(login, pool)));
    },
    close: async () => {
      closing ??= Promise.all(Object.values(pools).map((pool) => pool.close()));
      await closing;
    },
  };
}

async function workToCommit<Tables, Result>(
  organizationId: string,
  transaction: Transaction<Tables>,
  work: (transaction: Transaction<Tables>) => Promise<Result>,
): Promise<Result> {
  const result = await work(transaction);
  await beforeCommitIn(organizationId)?.(transaction as Transaction<unknown>);
  return result;
}

/** `set_config(…, true)` ends with the transaction, so a connection carries no organization back to the pool. */
function beginInside(organizationId: string): string {
  if (!isUuid(organizationId)) {
    throw new AppError('ORGANIZATION_ID_INVALID', 'bug', 'The organization id is not a lower-case UUID.');
  }
  return `begin; select set_config('nexus.organization_id', '${organizationId}', true)`;
}

async function pingLogin(login: string, pool: LoginPool): Promise<void> {
  try {
    await pool.ping();
  } catch (error) {
    throw new AppError('DATABASE_UNAVAILABLE', 'unavailable', `The database does not answer the login ${login}.`, {
      details: { login },
      cause: error,
    });
  }
}
