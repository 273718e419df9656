/** Entry of the child processes that read documents. Imports formats and nothing else, so that it starts fast. */
import { createParseHandler } from '#modules/ingestion/adapters/child-process-parser.ts';
import { serveChild } from '#platform/sandbox/serve-child.ts';
import * as formats from './formats.ts';

serveChild(createParseHandler(Object.values(formats)));
