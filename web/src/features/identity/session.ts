import type { SessionReply } from '#modules/identity/contract.ts';
import { type Problem, send, sendJson, sessionEvents, toProblem } from '../../lib/http.ts';

export type Session =
  | { state: 'checking' }
  | { state: 'signed-in'; organization: string }
  /** `refusal` says why a link or a session did not work; undefined on a plain first visit. */
  | { state: 'signed-out'; refusal: string | undefined }
  | { state: 'unreachable'; problem: Problem };

const path = '/api/v1/auth/session';
const listeners = new Set<() => void>();
let session: Session = { state: 'checking' };

function become(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

export const currentSession = () => session;

export function subscribeSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Called once, before the first render: takes the token of the sign-in link, or asks who we are. */
export function startSession(): void {
  window.addEventListener('hashchange', () => {
    const token = takeToken();
    if (token !== undefined) void enter(token);
  });
  sessionEvents.addEventListener('signed-out', () => {
    if (session.state === 'signed-in') become({ state: 'signed-out', refusal: 'Your session has ended.' });
  });
  void enter(takeToken());
}

export function retrySession(): void {
  become({ state: 'checking' });
  void enter(undefined);
}

export async function signOut(): Promise<void> {
  await send('DELETE', path);
  become({ state: 'signed-out', refusal: undefined });
}

/** The token leaves the address bar and the history before anything else happens. */
function takeToken(): string | undefined {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (token === null) return undefined;
  window.history.replaceState(null, '', window.location.pathname + window.location.search);
  return token;
}

async function enter(token: string | undefined): Promise<void> {
  const refusal = token === undefined ? undefined : await openSession(token);
  try {
    const reply = await sendJson<SessionReply>('GET', path);
    become({ state: 'signed-in', organization: reply.organization.name });
  } catch (error) {
    const problem = toProblem(error);
    if (problem.status === 401) become({ state: 'signed-out', refusal });
    else become({ state: 'unreachable', problem });
  }
}

/** Why the link was refused. It is not the last word: an older session of this browser may still hold. */
async function openSession(token: string): Promise<string | undefined> {
  try {
    await sendJson<SessionReply>('POST', path, { body: { token } });
    return undefined;
  } catch (error) {
    return toProblem(error).message;
  }
}
