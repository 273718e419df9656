/** What a connector is made from. A new one is a file in `adapters/` and a line in `app/connectors.ts`. */
import type { Connector } from '../service.ts';
import type { FilesConfig } from './config.ts';

export type ConnectorDependencies = {
  files: FilesConfig;
  /** Largest document that is fetched, in bytes. */
  maxFileBytes: number;
  /** File name endings that some format reads, lower-case, without the dot. */
  extensions: readonly string[];
  /** Absolute folders of Nexus itself that no source may read: home, data, keys. */
  protectedFolders: readonly string[];
};

export type ConnectorFactory = (dependencies: ConnectorDependencies) => Connector;
