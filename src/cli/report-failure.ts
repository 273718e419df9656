/** The one place where a command's failure becomes words and an exit code. */
import { AppError } from '#platform/errors.ts';
import { exitCodes } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

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

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
