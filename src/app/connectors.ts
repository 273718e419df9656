/**
 * The kinds of sources: a new one is a file in `modules/ingestion/adapters/connectors/` and a line here. Make all of them by
 * `Object.values` of `import * as connectors`, each called with `ConnectorDependencies`.
 */
export { createApiConnector } from '#modules/ingestion/adapters/connectors/api-connector.ts';
export { createFilesConnector } from '#modules/ingestion/adapters/connectors/files-connector.ts';
export { createManualConnector } from '#modules/ingestion/adapters/connectors/manual-connector.ts';
