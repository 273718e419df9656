/** How the command line speaks: text for people, JSON with `--json`; colours only in a terminal and without NO_COLOR. */
import picocolors from 'picocolors';

export type Terminal = {
  readonly colours: ReturnType<typeof picocolors.createColors>;
  /** True when a person watches: a progress bar makes sense. */
  readonly isInteractive: boolean;
  /** A line on standard output. */
  print(line?: string): void;
  /** A line on standard error; progress and warnings, so that standard output stays clean for pipes. */
  note(line: string): void;
  /** The one JSON document of a `--json` run. */
  printJson(value: unknown): void;
};

export function createTerminal(output: NodeJS.WriteStream, errors: NodeJS.WriteStream): Terminal {
  const isInteractive = output.isTTY === true && errors.isTTY === true;
  return {
    colours: picocolors.createColors(isInteractive && picocolors.isColorSupported),
    isInteractive,
    print: (line = '') => void output.write(`${line}\n`),
    note: (line) => void errors.write(`${line}\n`),
    printJson: (value) => void output.write(`${JSON.stringify(value, null, 2)}\n`),
  };
}
