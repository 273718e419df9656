import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeConnector } from '../../../../../test/support/connector-contract.ts';
import { filesConfig } from '../../sources/config.ts';
import { createApiConnector } from './api-connector.ts';
import { createFilesConnector } from './files-connector.ts';
import { createManualConnector } from './manual-connector.ts';

const nothing = { wrongSettings: { folder: '/' }, settings: {}, close: async () => undefined };

describeConnector('api', async () => ({ ...nothing, connector: createApiConnector() }));

describeConnector('manual', async () => ({ ...nothing, connector: createManualConnector() }));

describeConnector('files', async () => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'nexus-files-')));
  return {
    connector: createFilesConnector({
      files: filesConfig.parse({}),
      maxFileBytes: 1000,
      extensions: ['md'],
      protectedFolders: [],
    }),
    settings: { folder },
    wrongSettings: { folder: path.join(folder, 'nowhere') },
    async write(name, text) {
      writeFileSync(path.join(folder, name), text);
      return name;
    },
    remove: async (name) => rmSync(path.join(folder, name)),
    close: async () => rmSync(folder, { recursive: true }),
  };
});
