import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Keeps what the server says: in a file of bounded size with one predecessor, and the last lines in memory. */
export type ServerLog = {
  follow(stream: Readable): void;
  /** The last lines, oldest first. */
  lastLines(count: number): string[];
};

const maxFileBytes = 5 * 1024 * 1024;
const keptLines = 50;
const maxLineLength = 2_000;

export function createServerLog(file: string): ServerLog {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const lines: string[] = [];
  let sizeBytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;

  const keep = (line: string): void => {
    const text = line.slice(0, maxLineLength);
    lines.push(text);
    if (lines.length > keptLines) lines.shift();
    sizeBytes += appendOrSkip(file, `${text}\n`);
    if (sizeBytes > maxFileBytes) {
      rotateOrSkip(file);
      sizeBytes = 0;
    }
  };
  return {
    follow(stream) {
      const decoder = new StringDecoder('utf8');
      let rest = '';
      stream.on('data', (bytes: Buffer) => {
        const parts = (rest + decoder.write(bytes)).split('\n');
        rest = (parts.pop() ?? '').slice(0, maxLineLength);
        for (const line of parts) keep(line);
      });
      stream.on('end', () => {
        if (rest !== '') keep(rest);
      });
    },
    lastLines: (count) => lines.slice(-count),
  };
}

/** A log that cannot be written (disk full) must not stop the server; the lines in memory remain. */
function appendOrSkip(file: string, text: string): number {
  try {
    appendFileSync(file, text, { mode: 0o600 });
    return Buffer.byteLength(text);
  } catch {
    return 0;
  }
}

function rotateOrSkip(file: string): void {
  try {
    renameSync(file, `${file}.1`);
  } catch {
    // Somebody removed the file; the next line makes a new one.
  }
}
