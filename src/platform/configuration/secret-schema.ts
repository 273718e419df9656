import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { Secret } from '../secret.ts';
import { unwrapSchema } from './schema-shape.ts';

const secretText = z.custom<Secret | string>(
  (value) => value instanceof Secret || (typeof value === 'string' && value.length > 0),
  'must be a secret given as text.',
);

/**
 * A secret in a configuration schema. In the file and the environment it is the text itself, `file:/path` (the file's
 * content without the line end) or `env:NAME`; in code it is a `Secret`.
 */
export const secretSchema = secretText.transform((value) => (value instanceof Secret ? value : new Secret(value)));

/** True for `secretSchema`, however it is wrapped or described. */
export const isSecretSchema = (schema: z.core.$ZodType): boolean => unwrapSchema(schema) === secretText;

const maxSecretFileBytes = 64 * 1024;

/** What a reference could not be resolved to, as a sentence without subject, and the way out. */
export type ReferenceFault = { message: string; fix: string };

function readSecretFile(path: string): Secret | ReferenceFault {
  try {
    if (statSync(path).size > maxSecretFileBytes) {
      return {
        message: `names a file larger than ${maxSecretFileBytes} bytes.`,
        fix: 'Name a file that holds only the secret.',
      };
    }
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (text !== '') return new Secret(text);
    return { message: 'names an empty file.', fix: 'Put the secret into the file.' };
  } catch (error) {
    const { code = 'unknown' } = error as { code?: string };
    return {
      message: `names a file that cannot be read (${code}).`,
      fix: 'Check the path and the permissions of the file.',
    };
  }
}

/** Follows `file:` and `env:`; any other text is the secret itself. */
export function resolveSecret(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Secret | ReferenceFault {
  if (text.startsWith('file:')) return readSecretFile(text.slice('file:'.length));
  if (!text.startsWith('env:')) return new Secret(text);
  const name = text.slice('env:'.length);
  const value = environment[name];
  if (value !== undefined && value !== '') return new Secret(value);
  return { message: `refers to the environment variable ${name}, which is not set.`, fix: `Set ${name}.` };
}
