/** Front door of retrieval: from a question to the right passages. */
export { type RetrievalConfig, retrievalConfig } from './config.ts';
export type { FoundPassage } from './present-passages.ts';
export {
  createRanker,
  createRetrieval,
  type Ranker,
  type Retrieval,
  type RetrievalDependencies,
  type SearchRequest,
  type SearchResult,
} from './retrieval.ts';
export { retrievalRoutes } from './routes.ts';
