/** The one shape of an event outside of this process, and its CloudEvents attributes. */
import { z } from 'zod';
import type { Event } from './ports.ts';
import { eventPriorities } from './store.ts';

export const eventSource = 'nexus';

const priorities = Object.values(eventPriorities);

/** What every event carries around its `data`. */
export const envelopeSchema = z.strictObject({
  id: z.uuid().describe('UUIDv7. A repeated delivery carries the same id.'),
  correlation_id: z.string().min(1).max(200).describe('Shared by everything with one cause.'),
  timestamp: z.iso.datetime().describe('When it happened, UTC.'),
  priority: z.literal(priorities).describe('1 low, 5 normal, 8 high, 10 critical.'),
  source: z.literal(eventSource),
  version: z.int().min(1).describe('Version of the schema of `data`; a breaking change raises it.'),
  type: z.string().describe('`noun.verbed`.'),
  organization_id: z.uuid(),
  position: z
    .int()
    .min(0)
    .describe('Its place among the events of the organization, from 1, without gaps; 0: sent as a test only.'),
  data: z.record(z.string(), z.unknown()).describe('By type, see below.'),
});

export type EventEnvelope = z.output<typeof envelopeSchema>;

export function toEnvelope(event: Event): EventEnvelope {
  return {
    id: event.id,
    correlation_id: event.correlationId,
    timestamp: event.occurredAt.toISOString(),
    priority: event.priority,
    source: eventSource,
    version: event.version,
    type: event.type,
    organization_id: event.organizationId,
    position: event.position,
    data: { ...event.data },
  };
}

/** CloudEvents 1.0 over HTTP, binary mode: the attributes are headers, the body is ours. */
export function toCloudEventHeaders(envelope: EventEnvelope): Record<string, string> {
  return {
    'ce-specversion': '1.0',
    'ce-id': envelope.id,
    'ce-source': envelope.source,
    'ce-type': envelope.type,
    'ce-time': envelope.timestamp,
    'ce-subject': envelope.organization_id,
    'ce-dataschema': `/api/v1/events/schemas#${envelope.type}.v${envelope.version}`,
    'ce-correlationid': encodeURIComponent(envelope.correlation_id),
    'ce-priority': String(envelope.priority),
    'ce-sequence': String(envelope.position),
  };
}
