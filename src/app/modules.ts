/** The modules as app/ holds them, wired. */
import type { Chat } from '#modules/chat/index.ts';
import type { Corpus } from '#modules/corpus/index.ts';
import type { Gateway } from '#modules/gateway/index.ts';
import type { Identity } from '#modules/identity/index.ts';
import type { Ingestion, Sources } from '#modules/ingestion/index.ts';
import type { Messaging } from '#modules/messaging/index.ts';
import type { Retrieval } from '#modules/retrieval/index.ts';
import type { Clock } from '#platform/clock.ts';

export type Modules = {
  identity: Identity;
  gateway: Gateway;
  corpus: Corpus;
  sources: Sources;
  ingestion: Ingestion;
  messaging: Messaging;
  retrieval: Retrieval;
  chat: Chat;
  clock: Clock;
};
