import type { Config } from './config.ts';
import { describeParser, type ParserFinding } from './describe-parser.ts';
import { textFormat } from './formats.ts';
import { openParser } from './open-parser.ts';

/**
 * Reads a file of one word in a child process as an upload would, and tells how well such a process is isolated. Throws
 * what the pool throws when no child can be started.
 */
export async function probeParser(config: Pick<Config, 'sandbox'>): Promise<ParserFinding> {
  const { parser, pool } = openParser(config);
  try {
    const file = { filename: 'word.txt', bytes: Buffer.from('word') };
    await parser.parse(textFormat, file, AbortSignal.timeout(config.sandbox.startDeadlineMs));
    return await describeParser(parser);
  } finally {
    await pool.close();
  }
}
