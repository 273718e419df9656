import { pino } from 'pino';
import { formatPrettyLine } from './pretty-lines.ts';
import { redactFields } from './redact.ts';
import { currentRequestContext } from './request-context.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * What goes beside the event. Keys become snake_case; `error` takes what was caught; `message` a sentence for people.
 * Ids, counts and durations only: never the text of a document or a question.
 */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes one line per event. `event` is `noun.verbed`. Never throws, and never prints a secret. */
export type Logger = {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger whose lines carry these fields too, e.g. `{ module: 'ingestion' }`. */
  child(fields: LogFields): Logger;
};

export type LogDestination = { write(line: string): void };

export type LoggerOptions = {
  /** Default: `info`. */
  level?: LogLevel | 'silent';
  /** Default `json`; `auto` is pretty when the destination is a terminal. */
  format?: 'json' | 'pretty' | 'auto';
  /** Default: standard output, written at once so that no line is lost at exit. */
  destination?: LogDestination & { isTTY?: boolean };
};

function toPretty(destination: LogDestination, coloured: boolean): LogDestination {
  return { write: (line) => destination.write(formatPrettyLine(line, coloured)) };
}

function contextFields(): Record<string, unknown> {
  const context = currentRequestContext();
  if (context === undefined) return {};
  const { requestId, organizationId } = context;
  return organizationId === undefined
    ? { request_id: requestId }
    : { request_id: requestId, organization_id: organizationId };
}

function fromPino(sink: pino.Logger): Logger {
  const write = (level: LogLevel) => (event: string, fields?: LogFields) => {
    if (!sink.isLevelEnabled(level)) return;
    sink[level]({ event, ...contextFields(), ...(fields === undefined ? {} : redactFields(fields)) });
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => fromPino(sink.child(redactFields(fields))),
  };
}

/** The process's logger: JSON or pretty lines, secrets redacted by type, by key and by pattern. */
export function createLogger({ level = 'info', format = 'json', destination }: LoggerOptions = {}): Logger {
  const output = destination ?? pino.destination({ fd: 1, sync: true });
  const terminal = destination?.isTTY ?? process.stdout.isTTY === true;
  const pretty = format === 'pretty' || (format === 'auto' && terminal);
  const sink = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pretty ? toPretty(output, terminal) : output,
  );
  return fromPino(sink);
}

/** Writes nowhere; for tests and for tools that speak through their exit code. */
export const silentLogger: Logger = createLogger({ level: 'silent' });
