/** Findings of zod as sentences for people: where, what is wrong, how to fix it. Values are never repeated. */
import type { z } from 'zod';
import { closestName } from './closest-name.ts';
import { fieldsOf, type SchemaPath, schemaAt } from './schema-shape.ts';

export type DescribedProblem = {
  /** Keys from the root. */
  path: SchemaPath;
  /** A sentence without subject: «must be a number.» */
  message: string;
  /** An order: «Give a number.» */
  fix: string;
};

const maxShownKey = 100;
const maxShownNames = 20;

type Issue = z.core.$ZodIssue;

const article = (noun: string) => (/^[aeio]/.test(noun) ? `an ${noun}` : `a ${noun}`);
const quoted = (names: readonly unknown[]) => names.slice(0, maxShownNames).map(String).join(', ');
const shownKey = (key: PropertyKey) => String(key).slice(0, maxShownKey);

function unknownKey(key: string, schema: z.core.$ZodType | undefined): Omit<DescribedProblem, 'path'> {
  const known = Object.keys((schema && fieldsOf(schema)) ?? {});
  const meant = closestName(key, known);
  if (meant !== undefined) return { message: 'is not known.', fix: `Did you mean ${meant}?` };
  const fix = known.length === 0 ? 'Remove it.' : `Remove it; known here: ${quoted(known)}.`;
  return { message: 'is not known.', fix };
}

function describeBound({ origin, bound, least }: { origin: string; bound: unknown; least: boolean }) {
  const unit = { string: ' character', array: ' item', set: ' item', file: ' byte' }[origin] ?? '';
  const plural = unit === '' || bound === 1 ? '' : 's';
  const limit = `${least ? 'at least' : 'at most'} ${String(bound)}${unit}${plural}`;
  return unit === ''
    ? { message: `must be ${limit}.`, fix: `Give a number of ${limit}.` }
    : { message: `must have ${limit}.`, fix: least ? 'Give more.' : 'Shorten it.' };
}

function describeOther(issue: Issue): Omit<DescribedProblem, 'path'> {
  const said = issue.message.replace(/^Invalid (input|string): /, '');
  const message = /[.!?]$/.test(said) ? said : `${said}.`;
  return { message, fix: 'See the reference for what is accepted.' };
}

function describeIssue(issue: Issue, missing: boolean): Omit<DescribedProblem, 'path'> {
  if (missing) {
    const wanted = issue.code === 'invalid_type' ? article(issue.expected) : 'a value';
    return { message: 'is missing.', fix: `Give ${wanted}.` };
  }
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = issue.expected === 'int' ? 'a whole number' : article(issue.expected);
      return { message: `must be ${wanted}.`, fix: `Give ${wanted}.` };
    }
    case 'too_small':
      return describeBound({ origin: issue.origin, bound: issue.minimum, least: true });
    case 'too_big':
      return describeBound({ origin: issue.origin, bound: issue.maximum, least: false });
    case 'invalid_value':
      return { message: `must be one of: ${quoted(issue.values)}.`, fix: `Choose one of: ${quoted(issue.values)}.` };
    case 'invalid_format':
      return { message: `must be a valid ${issue.format}.`, fix: `Give a valid ${issue.format}.` };
    default:
      return describeOther(issue);
  }
}

function valueAt(value: unknown, path: SchemaPath): unknown {
  return path.reduce<unknown>(
    (present, key) =>
      typeof present === 'object' && present !== null && Object.hasOwn(present, key)
        ? (present as Record<PropertyKey, unknown>)[key]
        : undefined,
    value,
  );
}

/** Every finding on `value`; an object with several unknown keys gives one problem for each. */
export function describeIssues(
  issues: readonly Issue[],
  { schema, value }: { schema: z.core.$ZodType; value: unknown },
): DescribedProblem[] {
  return issues.flatMap((issue): DescribedProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      const owner = schemaAt(schema, issue.path);
      return issue.keys.map((key) => ({ path: [...issue.path, shownKey(key)], ...unknownKey(key, owner) }));
    }
    const missing = valueAt(value, issue.path) === undefined;
    return [
      {
        path: issue.path.map((key) => (typeof key === 'number' ? key : shownKey(key))),
        ...describeIssue(issue, missing),
      },
    ];
  });
}
