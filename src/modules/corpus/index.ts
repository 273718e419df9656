export { corpusConfig } from './config.ts';
export { createCorpus } from './corpus.ts';
export { corpusRoutes } from './routes.ts';
export type {
  Corpus,
  DocumentKey,
  EmbedChunks,
  FoundDocument,
  NewAnalysis,
  NewChunk,
  NewDocument,
  Passage,
  Reembedded,
  Replaced,
} from './service.ts';
export type { CorpusTables } from './store.ts';
