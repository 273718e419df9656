export { corpusConfig } from './config.ts';
export { type Corpus, createCorpus, type NewChunk, type NewDocument, type Passage, type Replaced } from './corpus.ts';
export { corpusRoutes } from './routes.ts';
export type { CorpusTables } from './store.ts';
