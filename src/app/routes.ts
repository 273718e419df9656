/** Which URL goes where: every route of the product, each with its permission. Health, metrics and OpenAPI are added by the HTTP shell. */
import { chatRoutes } from '#modules/chat/index.ts';
import { corpusRoutes } from '#modules/corpus/index.ts';
import { identityRoutes, isOperator } from '#modules/identity/index.ts';
import { ingestionRoutes, sourceRoutes } from '#modules/ingestion/index.ts';
import { messagingRoutes } from '#modules/messaging/index.ts';
import { retrievalRoutes } from '#modules/retrieval/index.ts';
import type { Cursors } from '#platform/cursor.ts';
import type { Route } from '#platform/http/route.ts';
import type { Config } from './config.ts';
import type { Modules } from './modules.ts';

export function buildRoutes(modules: Modules, config: Config, cursors: Cursors): Route[] {
  return [
    ...identityRoutes(modules.identity, modules.clock),
    // Deleting a document concerns its item too, in the same transaction.
    ...corpusRoutes({ ...modules.corpus, deleteDocument: modules.ingestion.deleteDocument }),
    ...ingestionRoutes(modules.ingestion, config.ingestion),
    ...sourceRoutes(modules.sources, modules.ingestion.tasks, {
      maxFileBytes: config.ingestion.maxFileBytes,
      isOperator,
    }),
    ...messagingRoutes(modules.messaging, cursors),
    ...retrievalRoutes(modules.retrieval),
    ...chatRoutes(modules.chat),
  ];
}
