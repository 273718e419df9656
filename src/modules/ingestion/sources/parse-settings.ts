import type { z } from 'zod';
import { describeIssues } from '#platform/configuration/describe-issues.ts';
import { AppError } from '#platform/errors.ts';

/** Reads a source's settings; throws SOURCE_SETTINGS_INVALID with every problem, each with its place. */
export function parseSettings<Schema extends z.ZodType>(schema: Schema, settings: unknown): z.output<Schema> {
  const parsed = schema.safeParse(settings ?? {});
  if (parsed.success) return parsed.data;
  const problems = describeIssues(parsed.error.issues, { schema, value: settings ?? {} }).map(
    ({ path, message, fix }) => `${['settings', ...path].join('.')} ${message} ${fix}`,
  );
  throw new AppError('SOURCE_SETTINGS_INVALID', 'invalid', `The settings do not fit: ${problems.join(' ')}`, {
    details: { problems },
  });
}
