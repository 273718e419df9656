export { corpusConfig } from './config.ts';
export { createCorpus } from './corpus.ts';
export { corpusRoutes } from './routes.ts';
export type { Corpus, NewChunk, NewDocument, Passage, Replaced } from './service.ts';
export type { CorpusTables } from './store.ts';
