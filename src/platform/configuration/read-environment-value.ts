/** Text of the environment as the value that a setting's schema expects. */
import { z } from 'zod';
import { unwrapSchema } from './schema-shape.ts';
import { kindOf } from './settings.ts';

export type EnvironmentValue = { value: unknown } | { message: string; fix: string };

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  1: true,
  0: false,
  yes: true,
  no: false,
  on: true,
  off: false,
};

function readNumber(text: string): EnvironmentValue {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return { value: Number(text) };
  return { message: 'must be a number.', fix: 'Give digits only, without a unit.' };
}

function readBoolean(text: string): EnvironmentValue {
  const value = booleans[text.toLowerCase()];
  return value === undefined ? { message: 'must be true or false.', fix: 'Give true or false.' } : { value };
}

function readJson(text: string): EnvironmentValue {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The parser's own message would repeat the value.
    return { message: 'must be JSON.', fix: 'Give a JSON value in quotes of the shell.' };
  }
}

function readList(text: string, schema: z.core.$ZodType): EnvironmentValue {
  if (text.startsWith('[')) return readJson(text);
  const inner = unwrapSchema(schema);
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const values = items.map((item) =>
    inner instanceof z.ZodArray ? readEnvironmentValue(item, inner.element as z.core.$ZodType) : { value: item },
  );
  const fault = values.find((value) => 'message' in value);
  return fault ?? { value: values.map((value) => ('value' in value ? value.value : undefined)) };
}

/** Reads `text` by the type of the schema. Secrets and text stay as they are; lists are comma-separated or JSON. */
export function readEnvironmentValue(text: string, schema: z.core.$ZodType): EnvironmentValue {
  switch (kindOf(schema)) {
    case 'number':
      return readNumber(text.trim());
    case 'boolean':
      return readBoolean(text.trim());
    case 'list':
      return readList(text.trim(), schema);
    case 'json':
      return readJson(text);
    default:
      return { value: text };
  }
}
