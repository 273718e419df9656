import type { Database, TableDatabase, Transaction } from '../postgres/ports.ts';
import { hasRecordedEvents } from './store.ts';

/** The same database; `announce` is called after each commit of a transaction that recorded an event. */
export function announceEvents(database: Database, announce: () => void): Database {
  return {
    ...database,
    withTables: <Tables>(): TableDatabase<Tables> => {
      const tables = database.withTables<Tables>();
      return {
        ...tables,
        async inOrganization(organizationId, work) {
          let used: Transaction<Tables> | undefined;
          const result = await tables.inOrganization(organizationId, (transaction) => {
            used = transaction;
            return work(transaction);
          });
          if (used !== undefined && hasRecordedEvents(used)) announce();
          return result;
        },
      };
    },
  };
}
