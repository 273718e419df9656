/** What an assurance program is: a bounded, seeded trial that counts what it tried beside what went wrong. */
export type AssuranceProgram = {
  /** One sentence for `--list`. */
  describe: string;
  /** Into how many rounds a full run is cut, each of the size that `full` asks for, so that it can be resumed. Default 1. */
  rounds?: number;
  run(context: AssuranceContext): Promise<AssuranceOutcome>;
};

export type AssuranceContext = {
  /** Everything random in the program comes from it, so that seed and commit replay the run. */
  seed: number;
  /** False: the size for CI. True: the size for a release, up to two hours. */
  full: boolean;
  /** Progress, to the error stream. */
  log(line: string): void;
};

export type AssuranceOutcome = {
  /** Trials. Zero failures in n trials bound the true rate at 3/n. */
  n: number;
  figures: Record<string, number | string | boolean>;
  pass: boolean;
};

export type AssuranceReport = AssuranceOutcome & { name: string; commit: string; seed: number };
