/** Documents that programs push over HTTP: idempotent by external id. */
import { z } from 'zod';
import { AppError } from '#platform/errors.ts';
import type { Connector } from '../../service.ts';
import { parseSettings } from '../../sources/parse-settings.ts';

const settingsSchema = z.strictObject({});

export function createApiConnector(): Connector {
  return {
    kind: 'api',
    validate: async (settings) => parseSettings(settingsSchema, settings),
    receive: (_settings, pushed) => pushed,
    ...pushedOnly,
  };
}

/** The half of a connector that is never looked at: its bytes are kept as blobs until they are processed. */
export const pushedOnly: Pick<Connector, 'changes' | 'fetch'> = {
  async *changes() {},
  async fetch() {
    const message = 'Documents of this source are pushed and cannot be fetched again. Push the document again.';
    throw new AppError('SOURCE_FETCH_UNSUPPORTED', 'unsupported', message);
  },
};
