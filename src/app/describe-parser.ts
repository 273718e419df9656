/** The line about the reading of files in `doctor` and /health/detailed. */
import type { Parser } from '#modules/ingestion/index.ts';

export type ParserFinding = { isStrong: boolean; message: string };

const strongest = 3;
const probeDeadlineMs = 10_000;
const howToStrengthen = 'For strength 3 install bubblewrap and allow user namespaces.';

/** Throws what the parser throws when no child process can be started. */
export async function describeParser({ probe }: Pick<Parser, 'probe'>): Promise<ParserFinding> {
  if (probe === undefined) return { isStrong: false, message: 'Documents are read in the server’s own process.' };
  const { strength, by } = await probe(AbortSignal.timeout(probeDeadlineMs));
  const message = `Documents are read in child processes of strength ${strength} of ${strongest}: ${by.join(', ')}.`;
  return { isStrong: strength > 0, message: strength < strongest ? `${message} ${howToStrengthen}` : message };
}
