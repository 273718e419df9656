/** What happened, recorded in the transaction in which it happened, and handed to whoever subscribed. */
export { announceEvents } from './announce-events.ts';
export { describeEventSchemas, type EventCatalogue, type EventSchemas } from './catalogue.ts';
export { eventsConfig } from './config.ts';
export { type EventEnvelope, envelopeSchema, toCloudEventHeaders, toEnvelope } from './envelope.ts';
export { createDeadLetters, type DeadLetters } from './inbox/dead-letters.ts';
export { readEventsAfter } from './inbox/store.ts';
export { type Event, type Subscriber, subscriber } from './ports.ts';
export { createRelay, type Relay } from './relay/create-relay.ts';
export {
  type EventLogTable,
  type EventPriority,
  eventPriorities,
  type NewEvent,
  type OutboxTable,
  recordEvent,
  recordEvents,
} from './store.ts';
