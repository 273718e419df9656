/** Text that a person typed or pasted: read as Markdown whatever it is called. */
import { z } from 'zod';
import type { Connector } from '../../service.ts';
import { parseSettings } from '../../sources/parse-settings.ts';
import { pushedOnly } from './api-connector.ts';

const settingsSchema = z.strictObject({});
const markdown = /\.(?:md|markdown)$/i;

export function createManualConnector(): Connector {
  return {
    kind: 'manual',
    validate: async (settings) => parseSettings(settingsSchema, settings),
    receive: (_settings, pushed) =>
      markdown.test(pushed.filename) ? pushed : { ...pushed, filename: `${pushed.filename}.md` },
    ...pushedOnly,
  };
}
