/** Stored bytes and checkpoints that nobody needs: of workers and servers that were killed between two steps. */
import type { BlobStore, StoredBlob } from '#platform/blobs/ports.ts';
import type { Clock } from '#platform/clock.ts';
import type { TableDatabase } from '#platform/postgres/ports.ts';
import type { IngestionConfig } from '../config.ts';
import { organizationOfKey, originalsPrefix } from '../intake/original-key.ts';
import { checkpointsPrefix } from '../stages/checkpoints.ts';
import type { IngestionTables } from '../store.ts';
import { findUsedBlobs } from './store.ts';

export type SweepDependencies = {
  db: TableDatabase<IngestionTables>;
  blobs: BlobStore;
  clock: Clock;
  config: IngestionConfig;
};

const blobsPerQuestion = 500;
const hourMs = 3_600_000;

export function createSweep({ db, blobs, clock, config }: SweepDependencies): { sweepBlobs(): Promise<number> } {
  // Bytes are stored before their item is, so young ones may belong to somebody yet.
  const isLeftover = ({ modifiedAt }: StoredBlob): boolean =>
    clock.now().getTime() - modifiedAt.getTime() > config.leftoverHours * hourMs;

  async function sweepOriginals(keys: readonly string[]): Promise<number> {
    let swept = 0;
    for (const [organizationId, own] of Map.groupBy(keys, organizationOfKey)) {
      if (organizationId === undefined) continue;
      const used = await db.inOrganization(organizationId, (transaction) => findUsedBlobs(transaction, own));
      const orphans = own.filter((key) => !used.includes(key));
      for (const key of orphans) await blobs.delete(key);
      swept += orphans.length;
    }
    return swept;
  }

  return {
    async sweepBlobs() {
      let swept = 0;
      let old: string[] = [];
      for await (const blob of blobs.list(originalsPrefix)) {
        if (isLeftover(blob)) old.push(blob.key);
        if (old.length < blobsPerQuestion) continue;
        swept += await sweepOriginals(old);
        old = [];
      }
      swept += await sweepOriginals(old);
      for await (const blob of blobs.list(checkpointsPrefix)) {
        if (!isLeftover(blob)) continue;
        await blobs.delete(blob.key);
        swept += 1;
      }
      return swept;
    },
  };
}
