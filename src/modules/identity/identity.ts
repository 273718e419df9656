/** Who is asking. People come with a session, the command line with the token of the running server. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#platform/clock.ts';
import { AppError } from '#platform/errors.ts';
import type { Ids } from '#platform/ids.ts';
import { type Caller, permissions } from '#platform/permissions.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { Random } from '#platform/random.ts';
import type { Secret } from '#platform/secret.ts';
import type { IdentityConfig } from './config.ts';
import { identityErrors } from './errors.ts';
import {
  deleteExpired,
  deleteSession,
  findFirstOrganization,
  findSession,
  findSessionExpiry,
  type IdentityTables,
  insertOrganization,
  insertSession,
  insertSignInToken,
  lockFirstOrganization,
  readOrganization,
  redeemSignInToken,
  selectOrganizationIds,
} from './store.ts';

export const sessionCookie = 'nexus_session';

/** What a request brings along to say who it is. */
export type PresentedCredential = { bearerToken: string | undefined; sessionToken: string | undefined };

export type Organization = { id: string; name: string };

export type Identity = {
  /** The organization that the first start makes; the same one ever after. */
  ensureFirstOrganization(): Promise<Organization>;
  createOrganization(name: string): Promise<Organization>;
  /** Lets the holder of this token act as the operator. Called once, when the server opens. */
  admitOperator(operator: OperatorCredential): void;
  /** A one-time token; whoever brings it within its minutes is signed in with every permission. */
  createSignInToken(organizationId: string): Promise<string>;
  /** Uses the token up. Throws `SIGN_IN_TOKEN_INVALID`. */
  openSession(signInToken: string): Promise<{ token: string; caller: Caller; expiresAt: Date }>;
  closeSession(caller: Caller): Promise<void>;
  /** Undefined: nobody we know. Never throws for a bad credential. */
  authenticate(presented: PresentedCredential): Promise<Caller | undefined>;
  describe(caller: Caller): Promise<{ organization: Organization; expiresAt: Date | undefined }>;
  /** All of them; for work of the scheduler that goes through every organization. */
  listOrganizationIds(): Promise<string[]>;
  /** Removes what has expired; for the scheduler. Returns how many credentials went. */
  removeExpired(): Promise<number>;
};

/** The token that this process gives to the command line of the same user, and whom it stands for. */
export type OperatorCredential = { token: Secret; organizationId: string };

type Dependencies = {
  db: TableDatabase<IdentityTables>;
  clock: Clock;
  ids: Ids;
  random: Random;
  config: IdentityConfig;
};

const tokenBytes = 32;
/** The operator has no session: its token lives as long as the server. */
const operatorSubject = 'operator';

/** True for the command line of whoever runs this server. */
export const isOperator = ({ subjectId }: Pick<Caller, 'subjectId'>): boolean => subjectId === operatorSubject;
const firstOrganizationName = 'default';
/** A closed session is refused everywhere within this time. */
const sessionCacheMs = 1000;
const sessionCacheEntries = 1000;
const everyPermission: ReadonlySet<Caller['permissions'] extends ReadonlySet<infer One> ? One : never> = new Set(
  permissions,
);

const hashOf = (token: string) => createHash('sha256').update(token).digest();

const callerOf = (organizationId: string, subjectId: string): Caller => ({
  organizationId,
  subjectId,
  permissions: everyPermission,
});

export function createIdentity({ db, clock, ids, random, config }: Dependencies): Identity {
  const sessions = new Map<string, { caller: Caller; checkedMs: number }>();
  let operator: { tokenHash: Buffer; caller: Caller } | undefined;

  const newToken = () => Buffer.from(random.bytes(tokenBytes)).toString('base64url');

  async function findCaller(sessionToken: string): Promise<Caller | undefined> {
    const tokenHash = hashOf(sessionToken);
    const key = tokenHash.toString('base64');
    const cached = sessions.get(key);
    if (cached !== undefined && clock.monotonicMs() - cached.checkedMs < sessionCacheMs) return cached.caller;
    sessions.delete(key);
    const found = await db.asResolver((transaction) => findSession(transaction, tokenHash));
    if (found === undefined) return undefined;
    const caller = callerOf(found.organization_id, found.session_id);
    if (sessions.size >= sessionCacheEntries) sessions.clear();
    sessions.set(key, { caller, checkedMs: clock.monotonicMs() });
    return caller;
  }

  async function createOrganization(name: string): Promise<Organization> {
    const organization = { id: ids.next(), name };
    await db.inOrganization(organization.id, (transaction) => insertOrganization(transaction, organization));
    return organization;
  }

  return {
    createOrganization,
    ensureFirstOrganization: () =>
      db.asSystem('make the first organization once', async (transaction) => {
        await lockFirstOrganization(transaction);
        return (await findFirstOrganization(transaction)) ?? createOrganization(firstOrganizationName);
      }),
    admitOperator(credential) {
      operator = {
        tokenHash: hashOf(credential.token.reveal()),
        caller: callerOf(credential.organizationId, operatorSubject),
      };
    },
    async createSignInToken(organizationId) {
      const token = newToken();
      await db.inOrganization(organizationId, (transaction) =>
        insertSignInToken(transaction, {
          organizationId,
          id: ids.next(),
          tokenHash: hashOf(token),
          lifetimeMinutes: config.signInTokenMinutes,
        }),
      );
      return token;
    },
    async openSession(signInToken) {
      const redeemed = await db.asResolver((transaction) => redeemSignInToken(transaction, hashOf(signInToken)));
      if (redeemed === undefined) {
        throw new AppError('SIGN_IN_TOKEN_INVALID', 'unauthenticated', identityErrors.SIGN_IN_TOKEN_INVALID);
      }
      const token = newToken();
      const session = { organizationId: redeemed.organization_id, id: ids.next(), tokenHash: hashOf(token) };
      const expiresAt = await db.inOrganization(session.organizationId, (transaction) =>
        insertSession(transaction, { ...session, lifetimeHours: config.sessionHours }),
      );
      return { token, caller: callerOf(session.organizationId, session.id), expiresAt };
    },
    async closeSession(caller) {
      if (caller.subjectId === operatorSubject) return;
      await db.inOrganization(caller.organizationId, (transaction) => deleteSession(transaction, caller.subjectId));
      sessions.clear();
    },
    async authenticate({ bearerToken, sessionToken }) {
      if (bearerToken !== undefined) {
        const matches = operator !== undefined && timingSafeEqual(operator.tokenHash, hashOf(bearerToken));
        return matches ? operator?.caller : undefined;
      }
      return sessionToken === undefined ? undefined : findCaller(sessionToken);
    },
    describe: (caller) =>
      db.inOrganization(caller.organizationId, async (transaction) => ({
        organization: await readOrganization(transaction),
        expiresAt:
          caller.subjectId === operatorSubject ? undefined : await findSessionExpiry(transaction, caller.subjectId),
      })),
    removeExpired: () => db.asSystem('remove expired credentials', deleteExpired),
    listOrganizationIds: () => db.asSystem('list the organizations', selectOrganizationIds),
  };
}
