/** The settings of a schema as a flat list, and the one mechanical mapping between their paths and environment names. */
import { z } from 'zod';
import { assert } from '../errors.ts';
import { fieldsOf, unwrapSchema } from './schema-shape.ts';
import { isSecretSchema } from './secret-schema.ts';

/** One value that can be set: a leaf of the schema. */
export type Setting = {
  /** `gateway.cache.ttlSeconds`. */
  path: string;
  /** `NEXUS_GATEWAY__CACHE__TTL_SECONDS`. */
  environmentName: string;
  schema: z.core.$ZodType;
};

export const environmentPrefix = 'NEXUS_';

const maxDepth = 8;

/** `gateway.cache.ttlSeconds` → `NEXUS_GATEWAY__CACHE__TTL_SECONDS`. */
export function toEnvironmentName(path: string): string {
  const words = path.split('.').map((key) => key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return `${environmentPrefix}${words.join('__')}`;
}

/** `NEXUS_GATEWAY__CACHE__TTL_SECONDS` → `gateway.cache.ttlSeconds`. */
export function toSettingPath(environmentName: string): string {
  return environmentName
    .slice(environmentPrefix.length)
    .toLowerCase()
    .split('__')
    .map((words) => words.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()))
    .join('.');
}

/** Every setting of the schema, in its order. */
export function listSettings(schema: z.core.$ZodType, parent: readonly string[] = []): Setting[] {
  assert(parent.length <= maxDepth, 'A configuration schema is at most eight levels deep.');
  return Object.entries(fieldsOf(schema) ?? {}).flatMap(([key, field]): Setting[] => {
    const keys = [...parent, key];
    if (fieldsOf(field) !== undefined) return listSettings(field, keys);
    const path = keys.join('.');
    const environmentName = toEnvironmentName(path);
    assert(
      toSettingPath(environmentName) === path,
      `The setting ${path} cannot be named in the environment; use camelCase words.`,
    );
    return [{ path, environmentName, schema: field }];
  });
}

export type SettingKind = 'secret' | 'text' | 'number' | 'boolean' | 'list' | 'json';

/** How a setting is written in the environment. */
export function kindOf(schema: z.core.$ZodType): SettingKind {
  if (isSecretSchema(schema)) return 'secret';
  const inner = unwrapSchema(schema);
  if (inner instanceof z.ZodNumber) return 'number';
  if (inner instanceof z.ZodBoolean) return 'boolean';
  if (inner instanceof z.ZodArray) return 'list';
  return inner instanceof z.ZodRecord || inner instanceof z.ZodTuple ? 'json' : 'text';
}
