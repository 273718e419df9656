/** What a machine does not offer is said, not failed: the figures then show zero trials and why. */
import type { AssuranceOutcome } from '../../../scripts/assurance-program.ts';

export const notTried = (why: string): AssuranceOutcome => ({ n: 0, figures: { not_tried: why }, pass: true });

/** Undefined: `probe` worked; else why it did not, in one line. */
export function whyNot(probe: () => void): string | undefined {
  try {
    probe();
    return undefined;
  } catch (error) {
    return String(error instanceof Error ? error.message : error).split('\n')[0];
  }
}
