import { z } from 'zod';

/** What messaging announces. */
export const messagingEvents = {
  'webhook.disabled': z
    .strictObject({
      webhook_id: z.uuid(),
      name: z.string().max(100),
      reason: z.string().max(2000).describe('For the person who reads it.'),
      last_status: z.int().nullable().describe('HTTP status of the last answer; null: there was none.'),
    })
    .describe('A webhook is no longer served, because its receiver failed for too long or said that it is gone.'),
  'webhook.tested': z
    .strictObject({ webhook_id: z.uuid() })
    .describe('Somebody asked whether the receiver can be reached. Sent to that webhook only, and never stored.'),
} as const;
