/** Lets the shell around a request add to every transaction in which the request changes something. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Transaction } from './ports.ts';

/** Runs as the last statement of a transaction of the app login. Throws to roll it back. */
export type BeforeCommit = (transaction: Transaction<unknown>) => Promise<void>;

const storage = new AsyncLocalStorage<{ organizationId: string; beforeCommit: BeforeCommit; isOver: boolean }>();

/** Until `work` ends, `beforeCommit` runs at the end of each of its transactions in this organization, also of one that only reads. */
export async function runBeforeCommit<Result>(
  organizationId: string,
  beforeCommit: BeforeCommit,
  work: () => Promise<Result>,
): Promise<Result> {
  const context = { organizationId, beforeCommit, isOver: false };
  try {
    return await storage.run(context, work);
  } finally {
    // What the work has left running in the background is not part of it.
    context.isOver = true;
  }
}

/** For the database's own use: what must run before this transaction commits, if anything. */
export function beforeCommitIn(organizationId: string): BeforeCommit | undefined {
  const context = storage.getStore();
  return context === undefined || context.isOver || context.organizationId !== organizationId
    ? undefined
    : context.beforeCommit;
}
