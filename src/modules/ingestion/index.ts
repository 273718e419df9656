/** Front door of ingestion: from a file or a source to searchable chunks. */
export type { IngestionConfig } from './config.ts';
export { createIngestion, type Ingestion, type IngestionDependencies } from './ingestion.ts';
export { createIntake, type DurableIntake, type IntakeDependencies } from './intake/create-intake.ts';
export type { Block, BlockKind, Format, FormatHints, ParsedDocument, Parser } from './ports.ts';
export { ingestionRoutes } from './routes.ts';
export type { Connector, Intake } from './service.ts';
export { sourceRoutes } from './sources/routes.ts';
export type { Sources, SourcesDependencies } from './sources/service.ts';
export { createSources } from './sources/sources.ts';
export type { IngestFile } from './stages/ingest-while-waiting.ts';
export type { Ingested } from './stages/store-waited.ts';
