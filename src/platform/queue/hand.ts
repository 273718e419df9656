/** The jobs that this process has in hand, and the heartbeat that keeps them its own. */
import { AppError } from '../errors.ts';
import { type Delivery, type Execute, touchJobs } from './store.ts';

export type Hand = {
  /** Keeps the delivery alive until `release`; `onLost` is called when it was given to another worker. */
  hold(delivery: Delivery, onLost: (reason: AppError) => void): { release(): void };
  close(): void;
};

type Held = { delivery: Delivery; onLost: (reason: AppError) => void };

export function createHand(options: { execute: Execute; intervalMs: number; onError(error: unknown): void }): Hand {
  const { execute, intervalMs, onError } = options;
  const held = new Set<Held>();
  let isBeating = false;

  async function beat(): Promise<void> {
    // A slow beat is not overtaken by the next one.
    if (isBeating || held.size === 0) return;
    isBeating = true;
    try {
      const asked = [...held];
      const alive = await touchJobs(
        execute,
        asked.map((one) => one.delivery),
      );
      // What was released meanwhile was settled by ourselves.
      for (const one of asked) if (held.has(one) && !alive.has(one.delivery.id)) one.onLost(lost());
    } catch (error) {
      onError(error);
    } finally {
      isBeating = false;
    }
  }

  const timer = setInterval(() => void beat(), intervalMs);
  return {
    hold(delivery, onLost) {
      const one = { delivery, onLost };
      held.add(one);
      return { release: () => void held.delete(one) };
    },
    close: () => clearInterval(timer),
  };
}

function lost(): AppError {
  return new AppError('JOB_LOST', 'unavailable', 'This worker was silent for too long; another one has the job now.');
}
