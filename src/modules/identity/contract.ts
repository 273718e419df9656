/** What crosses HTTP about signing in. Pure: the browser loads it too. */
import { z } from 'zod';

export const openSessionBody = z.strictObject({
  token: z.string().min(20).max(200).describe('The one-time sign-in token that the terminal printed.'),
});

export const sessionReply = z.strictObject({
  organization: z.strictObject({ id: z.uuid(), name: z.string() }),
  permissions: z.array(z.string()),
  expires_at: z.iso.datetime().nullable().describe('Null for a credential that lives as long as the server.'),
});

export type SessionReply = z.output<typeof sessionReply>;

export const signInTokenReply = z.strictObject({
  token: z.string().describe('Works once and for `identity.signInTokenMinutes`; open `/#token=…` with it.'),
});
