/** What happened, recorded in the transaction in which it happened. */
export { type OutboxTable, pruneEvents, recordEvent } from './store.ts';
