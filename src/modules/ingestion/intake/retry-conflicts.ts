import { isAppError } from '#platform/errors.ts';

const mostAttempts = 4;
const conflicts = ['DATABASE_CONFLICT', 'INTAKE_CONFLICT', 'DOCUMENT_CONFLICT'] as const;

/** Two transactions can meet on the same rows; one of them is undone, by the database or by us, and simply comes again. */
export async function retryConflicts<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= mostAttempts || !isAppError(error, ...conflicts)) throw error;
    }
  }
}
