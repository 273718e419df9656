import type { Config } from './config.ts';
import { textFormat } from './formats.ts';
import { openParser } from './open-parser.ts';

/**
 * Reads a file of one word in a child process as an upload would, and returns what such a process is isolated by. Throws
 * what the pool throws when no child can be started.
 */
export async function probeParser(config: Config): Promise<readonly string[]> {
  const { parser, pool } = openParser(config);
  try {
    const file = { filename: 'word.txt', bytes: Buffer.from('word') };
    await parser.parse(textFormat, file, AbortSignal.timeout(config.sandbox.startDeadlineMs));
    return pool.isolation;
  } finally {
    await pool.close();
  }
}
