import { SingleBar } from 'cli-progress';
import { formatReport, openEvaluation } from '#app/open-evaluation.ts';
import { AppError } from '#platform/errors.ts';
import type { CommandContext } from '../command.ts';
import { createNoteLogger } from '../note-logger.ts';

export type EvalRetrievalOptions = { data: string; seed: string };

/** Measures each leg and the fused ranking on judged queries, with the defaults that every search uses. */
export async function runEvalRetrieval(
  context: CommandContext,
  { data, seed }: EvalRetrievalOptions,
): Promise<undefined> {
  const { config, terminal, asJson } = context;
  if (!/^\d{1,9}$/.test(seed))
    throw new AppError('SEED_INVALID', 'invalid', '--seed takes a whole number of at most nine digits.');
  const evaluation = await openEvaluation(config, createNoteLogger(terminal));
  const bar =
    terminal.isInteractive && !asJson
      ? new SingleBar({
          format: '{bar} {stage} {value}/{total}',
          clearOnComplete: true,
          gracefulExit: false,
          linewrap: true,
        })
      : undefined;
  let stage: string | undefined;
  const report = await evaluation.evaluateRetrieval({
    directory: data,
    seed: Number(seed),
    signal: new AbortController().signal,
    onProgress(progress) {
      if (progress.stage !== stage) bar?.start(progress.total, 0, { stage: progress.stage });
      stage = progress.stage;
      bar?.update(progress.done, { stage: progress.stage });
    },
  });
  bar?.stop();
  if (asJson) terminal.printJson(report);
  else terminal.print(formatReport(report));
}
