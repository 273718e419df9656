/** Front door of ingestion: from a file to searchable chunks. */
export { type IngestionConfig, ingestionConfig } from './config.ts';
export {
  createIngestion,
  type Ingested,
  type IngestFile,
  type Ingestion,
  type IngestionDependencies,
} from './ingestion.ts';
export type { Block, BlockKind, Format, FormatHints, ParsedDocument, Parser } from './ports.ts';
export { ingestionRoutes } from './routes.ts';
