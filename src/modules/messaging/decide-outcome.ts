/** What follows from a receiver's answer. Pure. */
import type { Answer } from './ports.ts';

export type Outcome =
  | { kind: 'delivered'; status: number }
  | { kind: 'retry'; waitMs: number; status: number | undefined; reason: string }
  | { kind: 'dead'; status: number | undefined; reason: string };

type Circumstances = {
  /** This attempt included. */
  attempts: number;
  /** Since the first failure of this delivery; 0 when this is the first. */
  failingForMs: number;
  /** Uniform in [0, 1). */
  chance: number;
  firstRetryMs: number;
  longestRetryMs: number;
  giveUpAfterMs: number;
};

const goneStatus = 410;
/** Spreads the retries of many deliveries that failed together: ± 20 %. */
const jitter = 0.4;

export function decideOutcome(answer: Answer, circumstances: Circumstances): Outcome {
  const status = answer.kind === 'answered' ? answer.status : undefined;
  if (status !== undefined && status >= 200 && status < 300) return { kind: 'delivered', status };
  const reason = describe(answer);
  if (status === goneStatus) return { kind: 'dead', status, reason: 'The receiver answered 410: it is gone for good.' };
  const waitMs = waitAfter(answer, circumstances);
  if (circumstances.failingForMs + waitMs > circumstances.giveUpAfterMs) {
    return { kind: 'dead', status, reason: `Failed for too long; at last: ${reason}` };
  }
  return { kind: 'retry', waitMs, status, reason };
}

function waitAfter(answer: Answer, { attempts, chance, firstRetryMs, longestRetryMs }: Circumstances): number {
  const planned = Math.min(firstRetryMs * 2 ** Math.min(attempts - 1, 30), longestRetryMs);
  const spread = planned * (1 - jitter / 2 + jitter * chance);
  const asked = answer.kind === 'answered' ? (answer.retryAfterMs ?? 0) : 0;
  return Math.round(Math.max(spread, Math.min(asked, longestRetryMs)));
}

function describe(answer: Answer): string {
  if (answer.kind === 'failed') return answer.reason;
  if (answer.status >= 300 && answer.status < 400) {
    return `The receiver answered ${answer.status}; redirects are not followed.`;
  }
  return `The receiver answered ${answer.status}.`;
}
