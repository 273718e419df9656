/** Documents that are brought to a source instead of found at it. */
import { AppError } from '#platform/errors.ts';
import { connectorOf } from './connector-of.ts';
import { sourceErrors } from './errors.ts';
import { requireMade, sourceNotFound } from './looking/request-sync.ts';
import type { Sources, SourcesDependencies } from './service.ts';
import { findSource } from './store.ts';

type Dependencies = Pick<SourcesDependencies, 'db' | 'connectors' | 'intake'>;

export function createPushes(dependencies: Dependencies): Pick<Sources, 'push' | 'retract'> {
  const { db, connectors, intake } = dependencies;

  async function openSource(organizationId: string, sourceId: string) {
    const source = await db.inOrganization(organizationId, (transaction) => findSource(transaction, sourceId));
    if (source === undefined) throw sourceNotFound();
    requireMade(source);
    const { receive } = connectorOf(connectors, source.kind);
    if (receive === undefined) {
      throw new AppError('SOURCE_PUSH_UNSUPPORTED', 'invalid', sourceErrors.SOURCE_PUSH_UNSUPPORTED);
    }
    if (source.state === 'paused') throw new AppError('SOURCE_PAUSED', 'conflict', sourceErrors.SOURCE_PAUSED);
    return { source, receive };
  }

  return {
    async push(organizationId, sourceId, pushed, bytes) {
      const { source, receive } = await openSource(organizationId, sourceId);
      const document = receive(source.settings, { ...pushed, sizeBytes: bytes.byteLength });
      return intake.push(organizationId, { sourceId, document, bytes });
    },
    async retract(organizationId, sourceId, externalId) {
      await openSource(organizationId, sourceId);
      const { taskId } = await intake.openTask(organizationId, { sourceId, kind: 'upload' });
      await intake.accept(organizationId, { sourceId, taskId, documents: [], removed: [externalId] });
      await intake.sealTask(organizationId, taskId);
      return { taskId };
    },
  };
}
