import { z } from 'zod';

export const identityConfig = z.strictObject({
  signInTokenMinutes: z
    .number()
    .int()
    .min(1)
    .max(1440)
    .default(30)
    .describe('How long a one-time sign-in link works, in minutes.'),
  sessionHours: z.number().int().min(1).max(720).default(12).describe('How long a browser stays signed in, in hours.'),
});

export type IdentityConfig = z.output<typeof identityConfig>;
