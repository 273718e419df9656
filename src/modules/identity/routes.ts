import type { Clock } from '#platform/clock.ts';
import { type Route, route } from '#platform/http/route.ts';
import type { Caller } from '#platform/permissions.ts';
import { openSessionBody, type SessionReply, sessionReply, signInTokenReply } from './contract.ts';
import { type Identity, sessionCookie } from './identity.ts';

const path = '/api/v1/auth/session';
const tag = 'identity';

export function identityRoutes(identity: Identity, clock: Clock): Route[] {
  const present = async (caller: Caller): Promise<SessionReply> => {
    const { organization, expiresAt } = await identity.describe(caller);
    return { organization, permissions: [...caller.permissions], expires_at: expiresAt?.toISOString() ?? null };
  };

  return [
    route({
      method: 'POST',
      path,
      permission: 'public',
      summary: 'Signs in with a one-time token and sets the session cookie.',
      tag,
      request: { body: openSessionBody },
      responses: { 201: sessionReply },
      async handle({ body }) {
        const { token, caller, expiresAt } = await identity.openSession(body.token);
        const maxAgeSeconds = Math.floor((expiresAt.getTime() - clock.now().getTime()) / 1000);
        return {
          status: 201,
          body: await present(caller),
          cookies: [{ name: sessionCookie, value: token, maxAgeSeconds }],
        };
      },
    }),
    route({
      method: 'GET',
      path,
      permission: 'search:read',
      summary: 'Tells who is signed in.',
      tag,
      request: {},
      responses: { 200: sessionReply },
      handle: async ({ caller }) => ({ status: 200, body: await present(caller) }),
    }),
    route({
      method: 'DELETE',
      path,
      permission: 'search:read',
      summary: 'Signs out.',
      tag,
      request: {},
      responses: { 204: null },
      async handle({ caller }) {
        await identity.closeSession(caller);
        return { status: 204, cookies: [{ name: sessionCookie, value: '', maxAgeSeconds: 0 }] };
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/sign-in-tokens',
      permission: 'system:write',
      summary: 'Makes a one-time sign-in token for this organization.',
      tag,
      request: {},
      responses: { 201: signInTokenReply },
      handle: async ({ caller }) => ({
        status: 201,
        body: { token: await identity.createSignInToken(caller.organizationId) },
      }),
    }),
  ];
}
