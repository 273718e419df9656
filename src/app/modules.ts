/** The modules as app/ holds them, wired. */
import type { Chat } from '#modules/chat/index.ts';
import type { Corpus } from '#modules/corpus/index.ts';
import type { Gateway } from '#modules/gateway/index.ts';
import type { Identity } from '#modules/identity/index.ts';
import type { Ingestion } from '#modules/ingestion/index.ts';
import type { Retrieval } from '#modules/retrieval/index.ts';
import type { Clock } from '#platform/clock.ts';

export type Modules = {
  identity: Identity;
  gateway: Gateway;
  corpus: Corpus;
  ingestion: Ingestion;
  retrieval: Retrieval;
  chat: Chat;
  clock: Clock;
};
