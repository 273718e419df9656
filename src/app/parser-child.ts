/** Entry of the child processes that read and analyse documents. Imports nothing else, so that it starts fast. */
import { createParseHandler } from '#modules/ingestion/adapters/child-process-parser.ts';
import { createAnalyze } from '#modules/ingestion/analysis/analyze-document.ts';
import { serveChild } from '#platform/sandbox/serve-child.ts';
import { signatureOf } from '#platform/text/min-hash.ts';
import * as formats from './formats.ts';

serveChild(createParseHandler(Object.values(formats), createAnalyze({ signatureOf })));
