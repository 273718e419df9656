import type { z } from 'zod';
import { AppError } from '#platform/errors.ts';

/** Reads a source's settings; throws SOURCE_SETTINGS_INVALID with every problem, each with its place. */
export function parseSettings<Schema extends z.ZodType>(schema: Schema, settings: unknown): z.output<Schema> {
  const parsed = schema.safeParse(settings ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `settings${path.map((step) => `.${String(step)}`).join('')}: ${message}`,
  );
  throw new AppError('SOURCE_SETTINGS_INVALID', 'invalid', `The settings do not fit: ${problems.join(' ')}`, {
    details: { problems },
  });
}
