import type { Database } from '../postgres/ports.ts';
import { giveBackAll } from './store.ts';

/**
 * Gives back whatever is in hand: for a start at which no worker can be alive, because they all end with the process that
 * owns the database. What a dead server had in hand goes on at once, not after its silence was noticed. Returns how many.
 */
export function reclaimJobs(database: Database): Promise<number> {
  return database.withTables<Record<string, never>>().asSystem('take back the jobs of a dead server', giveBackAll);
}
