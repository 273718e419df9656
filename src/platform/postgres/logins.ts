import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { AppError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { DatabaseConfig } from './config.ts';

/** The four logins. Policies and grants name them, so the names are fixed. */
export const logins = ['owner', 'app', 'resolver', 'system'] as const;

/**
 * owner: owns everything, migrates. app: serves one organization at a time. resolver: turns a credential's hash into
 * ids by a few functions. system: relay, follower, scheduler, through policies written for it.
 */
export type Login = (typeof logins)[number];

/** One PostgreSQL URL per login. */
export type LoginUrls = Readonly<Record<Login, Secret>>;

export function roleName(login: Login): `nexus_${Login}` {
  return `nexus_${login}`;
}

/** The password of a role: HMAC-SHA256 of its name under the secret, so that one secret is all there is to keep. */
export function derivePassword(loginSecret: Secret, role: string): Secret {
  return new Secret(createHmac('sha256', loginSecret.reveal()).update(`nexus-login:${role}`).digest('base64url'));
}

const scramIterations = 4_096;

/**
 * What PostgreSQL stores for a password (RFC 7677). Made here so that no password travels in a statement; the salt is
 * derived too, so that a stored verifier can be compared without knowing how it came about.
 */
export function scramVerifier(loginSecret: Secret, role: string): string {
  const password = derivePassword(loginSecret, role).reveal();
  const salt = createHmac('sha256', loginSecret.reveal()).update(`nexus-salt:${role}`).digest().subarray(0, 16);
  const salted = pbkdf2Sync(password, salt, scramIterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${scramIterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** The same database as another user. */
export function withCredentials(url: Secret, user: string, password: Secret): Secret {
  const [, scheme = '', rest = ''] = /^(postgres(?:ql)?:\/\/)(?:[^@/?#]*@)?(.*)$/s.exec(url.reveal()) ?? [];
  return new Secret(`${scheme}${encodeURIComponent(user)}:${encodeURIComponent(password.reveal())}@${rest}`);
}

/** The URL of a server that listens on a socket in `directory`. */
export function socketUrl(directory: string, database: string, user: string, password: Secret): Secret {
  const base = new Secret(`postgresql:///${database}?host=${encodeURIComponent(directory)}&port=5432`);
  return withCredentials(base, user, password);
}

/** The URLs of all four logins at one database, with derived passwords. */
export function deriveLoginUrls(url: Secret, loginSecret: Secret): LoginUrls {
  const urlOf = (login: Login): Secret =>
    withCredentials(url, roleName(login), derivePassword(loginSecret, roleName(login)));
  return { owner: urlOf('owner'), app: urlOf('app'), resolver: urlOf('resolver'), system: urlOf('system') };
}

/**
 * The login URLs of a database server from the configuration: explicit ones first, the others derived. Throws AppError
 * `DATABASE_LOGIN_MISSING` naming what to set. The owner's is only needed to migrate.
 */
export function configuredLoginUrls(config: DatabaseConfig): LoginUrls {
  const derived =
    config.url !== undefined && config.loginSecret !== undefined
      ? deriveLoginUrls(config.url, config.loginSecret)
      : undefined;
  const urlOf = (login: Login, explicit: Secret | undefined): Secret => {
    const found = explicit ?? derived?.[login];
    if (found === undefined) throw missingUrl(login);
    return found;
  };
  const app = urlOf('app', config.appUrl);
  return {
    app,
    resolver: urlOf('resolver', config.resolverUrl),
    system: urlOf('system', config.systemUrl),
    // A replica that never migrates need not know the owner.
    owner: config.ownerUrl ?? derived?.owner ?? app,
  };
}

function missingUrl(login: Login): AppError {
  return new AppError(
    'DATABASE_LOGIN_MISSING',
    'invalid',
    `No URL for the login ${roleName(login)}: set database.${login}Url, or database.url together with database.loginSecret.`,
    { details: { login } },
  );
}
