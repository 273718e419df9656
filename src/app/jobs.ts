/** What the workers do: every queue with its handler. */
import type { JobQueue } from '#platform/queue/ports.ts';
import type { Modules } from './modules.ts';

export function jobQueues({ ingestion, sources }: Pick<Modules, 'ingestion' | 'sources'>): JobQueue[] {
  return [...ingestion.queues, ...sources.queues];
}
