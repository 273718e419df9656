/** The one place where a command's failure becomes words and an exit code. */
import type { CommanderError } from 'commander';
import { AppError, isAppError } from '#platform/errors.ts';
import { exitCodes } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** Anything but an AppError counts as a bug. */
export function exitCodeOf(error: unknown): number {
  return exitCodes[isAppError(error) ? error.kind : 'bug'];
}

/** Prints what went wrong and returns the exit code. Anything but an AppError is a bug and is shown with its stack. */
export function reportFailure(error: unknown, terminal: Terminal, asJson: boolean): number {
  const failure =
    error instanceof AppError
      ? error
      : new AppError('UNEXPECTED', 'bug', `This is a bug of Nexus: ${stackOf(error)}`, { cause: error });
  if (asJson) {
    const { code, message, details } = failure;
    terminal.printJson({ error: { code, message, details } });
  } else {
    terminal.note(`${terminal.colours.red('Error')} ${failure.message}`);
    terminal.note(terminal.colours.dim(`(${failure.code})`));
  }
  return exitCodes[failure.kind];
}

/** What Commander refused, which it has told already unless `asJson`. `--help` and `--version` come here too, as 0. */
export function reportUsage({ code, message, exitCode }: CommanderError, terminal: Terminal, asJson: boolean): number {
  if (exitCode === 0) return 0;
  if (asJson) {
    const reason = code === 'commander.help' ? 'A command is missing.' : `${toSentence(message)}.`;
    terminal.printJson({ error: { code: 'USAGE', message: `${reason} See \`./nexus --help\`.`, details: {} } });
  }
  return exitCodes.invalid;
}

const toSentence = (message: string) => message.replace(/^error: /, '').replaceAll('\n', ' ');

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
