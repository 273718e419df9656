/** What happened, recorded in the transaction in which it happened. */
export { type OutboxTable, recordEvent } from './store.ts';
