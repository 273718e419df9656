import { createLogger, type Logger } from '#platform/telemetry/logger.ts';
import type { Terminal } from './terminal.ts';

/** Warnings of an app that lives in this process, as notes for the person at the terminal instead of log lines. */
export function createNoteLogger(terminal: Terminal): Logger {
  const write = (line: string) => terminal.note(`${terminal.colours.yellow('Note')} ${toSentence(line)}`);
  return createLogger({ level: 'warn', destination: { write } });
}

type Line = { event?: string; message?: string; error?: { message?: string } };

function toSentence(line: string): string {
  const { event = '', message, error } = JSON.parse(line) as Line;
  return message ?? [event, error?.message].filter((part) => part !== undefined).join(': ');
}
