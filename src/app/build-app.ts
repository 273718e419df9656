/** Who is made of what: the only file where modules meet, in the order of the map. Opens no port and no database. */
import path from 'node:path';
import { createChat } from '#modules/chat/index.ts';
import { createCorpus } from '#modules/corpus/index.ts';
import { createGateway } from '#modules/gateway/index.ts';
import { createGrounding } from '#modules/grounding/index.ts';
import { createIdentity, sessionCookie } from '#modules/identity/index.ts';
import { createRetrieval } from '#modules/retrieval/index.ts';
import { createCursors } from '#platform/cursor.ts';
import type { Relay } from '#platform/events/index.ts';
import { createHttpServer, type HttpServer } from '#platform/http/create-http-server.ts';
import { readCookie } from '#platform/http/request/cookies.ts';
import { createIdempotency, type Idempotency } from '#platform/idempotency/idempotency.ts';
import { createSearchIndex } from '#platform/search/create-search-index.ts';
import type { Secret } from '#platform/secret.ts';
import type { Adapters } from './adapters.ts';
import type { Config } from './config.ts';
import { createHealth, type Health } from './health.ts';
import type { Modules } from './modules.ts';
import { projectRoot } from './project-root.ts';
import { buildRoutes } from './routes.ts';
import { createStageMetrics } from './stage-metrics.ts';
import { version } from './version.ts';
import { wireEvents } from './wire-events.ts';
import { wireIngestion } from './wire-ingestion.ts';

export type App = Modules & {
  server: HttpServer;
  health: Health;
  idempotency: Idempotency;
  relay: Relay;
  /** Ends the background work of the modules. The adapters are closed by whoever opened them. */
  close(): Promise<void>;
};

/** `signingKey` must be the same in every process on one database: it signs the cursors of lists. */
export async function buildApp(config: Config, adapters: Adapters, signingKey: Secret): Promise<App> {
  const { embedder, chatModel, clock, ids, random, logger, metrics } = adapters;
  const cursors = createCursors(signingKey);
  const onStage = createStageMetrics(metrics);
  const { database, messaging, relay } = wireEvents({ ...adapters, config });

  const identity = createIdentity({ db: database.withTables(), clock, ids, random, config: config.identity });
  const gateway = createGateway({ chatModel, embedder, config: config.gateway });
  const corpus = createCorpus({
    db: database.withTables(),
    space: gateway.embeddingSpace,
    createIndex: (dimensions) => createSearchIndex({ dimensions }),
    cursors,
    clock,
    ids,
    config: config.corpus,
    onFollowError: (error) => logger.warn('corpus.follow_failed', { module: 'corpus', error }),
    onIndexed: (passed) => onStage('index', passed),
  });
  const { sources, ingestion } = wireIngestion({ config, adapters, database, corpus, gateway, cursors, onStage });
  const retrieval = createRetrieval({
    corpus,
    gateway,
    clock,
    config: config.retrieval,
    onMissingLeg: (leg, error) => logger.warn('search.leg_missed', { module: 'retrieval', leg, error }),
  });
  const grounding = createGrounding({ gateway });
  const chat = createChat({
    db: database.withTables(),
    gateway,
    retrieval,
    grounding,
    cursors,
    clock,
    ids,
    config: config.chat,
  });

  const modules: Modules = { identity, gateway, corpus, sources, ingestion, messaging, retrieval, chat, clock };
  const idempotency = createIdempotency({ db: database.withTables(), config: config.idempotency });
  const health = createHealth({ database, gateway, parser: adapters.parser, config });
  const server = await createHttpServer({
    routes: buildRoutes(modules, config, cursors),
    authenticate: ({ authorization, cookie }) =>
      identity.authenticate({
        bearerToken: /^Bearer (\S+)$/i.exec(String(authorization ?? ''))?.[1],
        sessionToken: readCookie(cookie, sessionCookie),
      }),
    idempotency,
    config: config.http,
    logger,
    metrics,
    ids,
    clock,
    ready: health.missing,
    runChecks: health.check,
    staticDirectory: path.join(projectRoot, 'web/dist'),
    version,
  });
  return { ...modules, server, health, idempotency, relay, close: corpus.close };
}
