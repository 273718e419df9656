/**
 * A request that carries an Idempotency-Key takes effect once, however often it is sent. The reply is kept and repeated;
 * what happens between a change and the keeping of its reply is known too, because the change itself notes the key in its
 * transaction.
 */
import { createHash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { seal, unseal } from '../blobs/seal.ts';
import { AppError, type ErrorKind } from '../errors.ts';
import { runBeforeCommit } from '../postgres/before-commit.ts';
import type { TableDatabase, Transaction } from '../postgres/ports.ts';
import { Secret } from '../secret.ts';
import type { IdempotencyConfig } from './config.ts';
import { idempotencyErrors } from './errors.ts';
import {
  type FoundKey,
  findKey,
  type IdempotencyTables,
  keepReply,
  type Lock,
  noteEffect,
  pruneKeys,
  releaseKey,
  renewLock,
  takeKey,
} from './store.ts';

/** A reply as it is repeated, byte for byte. */
export type KeptReply = { status: number; headers: Record<string, string>; cookies: string[]; body: string };

export type IdempotentRequest = {
  organizationId: string;
  /** Who asks: the same key of another caller is another key. */
  subjectId: string;
  key: string;
  /** SHA-256 over everything that makes the request what it is. */
  fingerprint: Buffer;
  /** True when carrying it out again after a crash has no second effect. */
  mayRepeat: boolean;
};

/** The first time: the right to carry the request out. */
export type Admission = {
  /** Runs the request; its changes note the key. */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Repeats this reply from now on. */
  keep(reply: KeptReply): Promise<void>;
  /** There is no reply to repeat: it failed, or was cut off. */
  release(): Promise<void>;
};

export type Idempotency = {
  /**
   * Throws IDEMPOTENCY_KEY_INVALID, IDEMPOTENCY_KEY_REUSED (another request had the key), IDEMPOTENCY_IN_FLIGHT,
   * IDEMPOTENCY_OUTCOME_UNKNOWN.
   */
  admit(request: IdempotentRequest): Promise<{ reply: KeptReply } | { admission: Admission }>;
  /** Largest reply worth offering to `keep`, in bytes. */
  readonly maxReplyBytes: number;
  /** Removes expired keys; for the scheduler. */
  prune(): Promise<number>;
};

/** A key whose holder was silent for so long is given to the next who asks; a living holder renews it well before. */
const defaultLockMs = 15_000;
const renewalsPerLock = 3;

const keyPattern = /^[\x21-\x7e]{8,255}$/;
const keysPerPrune = 10_000;

export function createIdempotency({
  db,
  config,
  lockMs = defaultLockMs,
}: {
  db: TableDatabase<IdempotencyTables>;
  config: IdempotencyConfig;
  /** How long a silent holder keeps its key. Default 15 seconds. */
  lockMs?: number;
}): Idempotency {
  return {
    maxReplyBytes: config.maxReplyBytes,
    async admit(request) {
      if (!keyPattern.test(request.key)) throw refusal('IDEMPOTENCY_KEY_INVALID', 'invalid');
      const { organizationId, fingerprint } = request;
      const keyHash = hashOf(request);
      const replyKey = replyKeyOf(request);
      const found = await db.inOrganization(organizationId, async (transaction) => {
        const attempt = await takeKey(transaction, { ...request, keyHash, lockMs, keepHours: config.keepHours });
        return attempt ?? (await findKey(transaction, keyHash));
      });
      if (typeof found === 'number')
        return { admission: admissionOf({ organizationId, keyHash, attempt: found }, replyKey) };
      return { reply: openReply(requireRepeatable(found, fingerprint), replyKey, organizationId) };
    },
    prune: () => db.asSystem('prune idempotency keys', (transaction) => pruneKeys(transaction, keysPerPrune)),
  };

  function admissionOf(lock: Lock, replyKey: Secret): Admission {
    const note = async (transaction: Transaction<unknown>): Promise<void> => {
      if (!(await noteEffect(transaction, lock))) throw refusal('IDEMPOTENCY_LOCK_LOST', 'conflict');
    };
    const inside = (work: Parameters<typeof db.inOrganization>[1]) => db.inOrganization(lock.organizationId, work);
    return {
      async run(work) {
        const renew = () => inside((transaction) => renewLock(transaction, lock, lockMs)).catch(() => undefined);
        const timer = setInterval(renew, lockMs / renewalsPerLock);
        try {
          return await runBeforeCommit(lock.organizationId, (transaction) => note(transaction), work);
        } finally {
          clearInterval(timer);
        }
      },
      async keep(reply) {
        const sealed = seal(replyKey, replyName(lock.organizationId), Buffer.from(JSON.stringify(reply)));
        await inside((transaction) => keepReply(transaction, lock, { status: reply.status, sealed }));
      },
      async release() {
        await inside((transaction) => releaseKey(transaction, lock));
      },
    };
  }
}

type Repeatable = FoundKey & { reply: Buffer };

/** Throws why the request can neither be carried out nor answered from what is kept. */
function requireRepeatable(found: FoundKey | undefined, fingerprint: Buffer): Repeatable {
  // Released between our two looks: whoever asks again finds it free.
  if (found === undefined) throw refusal('IDEMPOTENCY_IN_FLIGHT', 'conflict', { retryAfterSeconds: 1 });
  if (!timingSafeEqual(found.fingerprint, fingerprint)) throw refusal('IDEMPOTENCY_KEY_REUSED', 'mismatch');
  if (found.reply !== null) return { ...found, reply: found.reply };
  if (found.isLocked || !found.hasEffect) throw refusal('IDEMPOTENCY_IN_FLIGHT', 'conflict', { retryAfterSeconds: 1 });
  throw refusal('IDEMPOTENCY_OUTCOME_UNKNOWN', 'conflict');
}

/** Opens in this organization only, wherever in the database it is put. */
const replyName = (organizationId: string): string => `platform_idempotency_keys/${organizationId}/reply`;

function openReply({ reply }: Repeatable, replyKey: Secret, organizationId: string): KeptReply {
  return JSON.parse(unseal(replyKey, replyName(organizationId), reply).toString('utf8')) as KeptReply;
}

const hashOf = ({ subjectId, key }: IdempotentRequest): Buffer =>
  createHash('sha256').update(`${subjectId}\n${key}`).digest();

/** Only who has the key can open the reply; the database holds a hash of another derivation. */
const replyKeyOf = ({ subjectId, key }: IdempotentRequest): Secret =>
  new Secret(Buffer.from(hkdfSync('sha256', key, subjectId, 'nexus idempotency reply', 32)).toString('base64'));

function refusal(
  code: keyof typeof idempotencyErrors,
  kind: ErrorKind,
  details: Record<string, unknown> = {},
): AppError {
  return new AppError(code, kind, idempotencyErrors[code], { details });
}
