import { createLogger, type Logger } from '#platform/telemetry/logger.ts';
import type { Terminal } from './terminal.ts';

/** Warnings of an app that lives in this process, as notes for the person at the terminal instead of log lines. */
export function createNoteLogger(terminal: Terminal): Logger {
  const write = (text: string) => {
    const line = JSON.parse(text) as Line;
    if (toldElsewhere.has(line.event ?? '')) return;
    terminal.note(`${terminal.colours.yellow('Note')} ${toSentence(line)}`);
  };
  return createLogger({ level: 'warn', destination: { write } });
}

type Line = { event?: string; message?: string; error?: { message?: string } };

/** Failures of documents are in the report of the command; the queue's trouble is the database's, or our own end. */
const toldElsewhere = new Set(['ingestion.failed', 'queue.trouble']);

function toSentence({ event = '', message, error }: Line): string {
  return message ?? [event, error?.message].filter((part) => part !== undefined).join(': ');
}
