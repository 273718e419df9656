/** What crosses HTTP about webhooks, events and dead letters. Pure: the browser loads it too. */
import { z } from 'zod';

const id = z.uuid().toLowerCase();
const time = z.iso.datetime();
const eventType = z.string().regex(/^[a-z_]+(\.[a-z_]+)+$/, 'must look like `document.indexed`');

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Most items to return, 1 to 200.'),
  cursor: z.string().max(500).optional().describe('`next_cursor` of the page before.'),
});

export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next_cursor: z.string().nullable() });

const webhookFields = {
  name: z.string().trim().min(1).max(100).describe('Unique in the organization.'),
  url: z.string().min(1).max(2000).describe('Where events are posted; https.'),
  types: z
    .array(eventType)
    .min(1)
    .max(100)
    .nullable()
    .describe('The types of events to be told of; null: all, also those that come with later versions.'),
  max_concurrent: z
    .number()
    .int()
    .min(1)
    .max(20)
    .describe('Deliveries under way at once. 1: strictly in order, and a failing one holds back those behind it.'),
};

export const createWebhookBody = z.strictObject({
  ...webhookFields,
  types: webhookFields.types.default(null),
  max_concurrent: webhookFields.max_concurrent.default(1),
});

export const changeWebhookBody = z
  .strictObject({
    name: webhookFields.name.optional(),
    url: webhookFields.url.optional(),
    types: webhookFields.types.optional(),
    max_concurrent: webhookFields.max_concurrent.optional(),
    state: z
      .enum(['active', 'disabled'])
      .optional()
      .describe('`active` gives waiting deliveries all of their time again.'),
  })
  .refine((body) => Object.keys(body).length > 0, 'must change something');

export const webhookSchema = z.strictObject({
  id,
  ...webhookFields,
  state: z.enum(['active', 'disabled']).describe('A disabled webhook gets no new deliveries; replay fills the gap.'),
  disabled_reason: z.string().nullable(),
  created_at: time,
  updated_at: time,
});

export const secretSchema = z
  .string()
  .describe('`whsec_…`: the key of the signatures as in Standard Webhooks. It is shown only here.');

export const createdWebhookSchema = webhookSchema.extend({ secret: secretSchema });

export const rotateSecretBody = z.strictObject({
  overlap_hours: z
    .number()
    .min(0)
    .max(168)
    .default(24)
    .describe('For so long deliveries are signed with the old secret too.'),
});

export const rotateSecretReply = z.strictObject({ secret: secretSchema });

export const listDeliveriesQuery = pageQuery.extend({
  state: z.enum(['pending', 'sending', 'delivered', 'dead']).optional().describe('`dead` lists the dead letters.'),
});

export const deliverySchema = z.strictObject({
  id,
  event_id: id.describe('Sent as `webhook-id`; the same at every attempt.'),
  position: z.number().int().describe('Of the event, in the organization.'),
  type: z.string(),
  state: z.enum(['pending', 'sending', 'delivered', 'dead']),
  attempts: z.number().int(),
  last_status: z.number().int().nullable().describe('HTTP status of the last answer; null: there was none.'),
  last_reason: z.string().nullable(),
  next_attempt_at: time.nullable(),
  created_at: time,
  finished_at: time.nullable(),
  payload: z.record(z.string(), z.unknown()).describe('The envelope as it is sent.'),
});

export const replayBody = z
  .strictObject({
    from_position: z.number().int().min(1).optional().describe('Begins with this event.'),
    from_time: time.optional().describe('Begins with the first event at or after this time.'),
  })
  .refine((body) => (body.from_position === undefined) !== (body.from_time === undefined), {
    message: 'needs from_position or from_time, not both',
  });

export const replayReply = z.strictObject({
  deliveries: z.number().int().describe('Deliveries that wait now because of this call.'),
  next_position: z.number().int().nullable().describe('Call again with it as `from_position`; null: that was all.'),
});

export const retryReply = z.strictObject({ deliveries: z.number().int().describe('Deliveries that wait now.') });

export const testReply = z.strictObject({
  delivered: z.boolean(),
  status: z.number().int().nullable(),
  reason: z.string().nullable(),
});

export const eventSchemasReply = z.strictObject({
  envelope: z.record(z.string(), z.unknown()).describe('JSON Schema of what surrounds every `data`.'),
  events: z.array(
    z.strictObject({
      type: z.string(),
      version: z.number().int(),
      description: z.string(),
      schema: z.record(z.string(), z.unknown()).describe('JSON Schema of `data`.'),
    }),
  ),
});

export const deadLetterSchema = z.strictObject({
  id,
  subscriber: z.string().describe('Who in this server could not take the event in.'),
  event_id: id,
  type: z.string(),
  reason_code: z.string(),
  reason: z.string(),
  attempts: z.number().int(),
  created_at: time,
  payload: z.record(z.string(), z.unknown()).describe('The envelope of the event.'),
});

export const requeueReply = z.strictObject({ requeued: z.number().int(), failed: z.number().int() });

export type WebhookView = z.output<typeof webhookSchema>;
export type DeliveryView = z.output<typeof deliverySchema>;
export type DeadLetterView = z.output<typeof deadLetterSchema>;
export type NewWebhookBody = z.output<typeof createWebhookBody>;
export type ChangeWebhookBody = z.output<typeof changeWebhookBody>;
