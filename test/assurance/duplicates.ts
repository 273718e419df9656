/** R10: whatever is delivered several times, out of order, at once and across kills has its effect once. */
import type { AssuranceContext, AssuranceOutcome, AssuranceProgram } from '../../scripts/assurance-program.ts';
import { testEvents } from './duplicates/test-events.ts';
import { testIdempotentPosts } from './duplicates/test-idempotent-posts.ts';

/** One kind of repeated delivery, a file in `duplicates/` each. Its trials and figures are added to the others'. */
type Part = { name: string; run(context: AssuranceContext): Promise<AssuranceOutcome> };

const parts: readonly Part[] = [
  { name: 'events', run: testEvents },
  { name: 'posts', run: testIdempotentPosts },
];

export const program: AssuranceProgram = {
  describe: 'R10: each event delivered 1–5 times, reordered, concurrently and across kills; every effect counted',
  async run(context: AssuranceContext): Promise<AssuranceOutcome> {
    const all: AssuranceOutcome = { n: 0, figures: {}, pass: true };
    for (const { name, run } of parts) {
      const { n, figures, pass } = await run(context);
      all.n += n;
      all.pass &&= pass;
      for (const [figure, value] of Object.entries(figures)) all.figures[`${name}_${figure}`] = value;
    }
    return all;
  },
};
