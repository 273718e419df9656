/** The configuration for people: what can be set, and what is set. Never a secret. */
import { z } from 'zod';
import { Secret } from '../secret.ts';
import { redactText } from '../telemetry/redact.ts';
import type { LoadedConfiguration } from './load-configuration.ts';
import { unwrapSchema } from './schema-shape.ts';
import { kindOf, listSettings } from './settings.ts';

/** One row of the generated reference and of .env.example. */
export type SettingDescription = {
  path: string;
  environmentName: string;
  /** Other environment names of the setting, e.g. DATABASE_URL. */
  wellKnownNames: string[];
  /** In words: `whole number from 0 to 65535`. */
  type: string;
  /** As it would be written in the environment; undefined: none, the setting is absent unless set. */
  default: string | undefined;
  /** True: the server does not start without it. */
  required: boolean;
  description: string;
  secret: boolean;
};

type LeafSchema = { type?: string; enum?: unknown[]; minimum?: number; maximum?: number; items?: LeafSchema };

function describeNumber({ type, minimum, maximum }: LeafSchema): string {
  const noun = type === 'integer' ? 'whole number' : 'number';
  const low = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`;
  const high = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`;
  return `${noun}${low}${high}`;
}

function describeType(leaf: LeafSchema): string {
  if (leaf.enum !== undefined) return `one of ${leaf.enum.map(String).join(', ')}`;
  if (leaf.type === 'array') return `list of ${describeType(leaf.items ?? {})}, comma-separated`;
  if (leaf.type === 'integer' || leaf.type === 'number') return describeNumber(leaf);
  if (leaf.type === 'boolean') return 'true or false';
  return leaf.type === 'object' ? 'JSON object' : 'text';
}

function present(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Secret) return '[secret]';
  if (Array.isArray(value)) return value.map(String).join(',');
  return redactText(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

function describeLeaf(schema: z.core.$ZodType) {
  const description = z.globalRegistry.get(schema)?.description ?? '';
  const secret = kindOf(schema) === 'secret';
  const leaf = z.toJSONSchema(unwrapSchema(schema), { io: 'input', unrepresentable: 'any' }) as LeafSchema;
  const preset = z.safeParse(schema, undefined);
  return {
    type: secret ? 'secret: text, file:/path or env:NAME' : describeType(leaf),
    default: preset.success ? present(preset.data) : undefined,
    required: !preset.success,
    description,
    secret,
  };
}

/** What can be set, in the order of the schema. */
export function describeConfiguration(
  schema: z.ZodObject,
  wellKnown: Readonly<Record<string, string>> = {},
): SettingDescription[] {
  return listSettings(schema).map(({ path, environmentName, schema: leaf }) => ({
    path,
    environmentName,
    wellKnownNames: Object.entries(wellKnown).flatMap(([name, target]) => (target === path ? [name] : [])),
    ...describeLeaf(leaf),
  }));
}

export type ShownSetting = { path: string; value: string | undefined; origin: string };

/** What is set, and where it came from; secrets as `[secret]`, passwords in addresses taken out. */
export function redactConfiguration<Schema extends z.ZodObject>(
  schema: Schema,
  { config, origins }: LoadedConfiguration<Schema>,
): ShownSetting[] {
  return listSettings(schema).map(({ path }) => {
    const value = path
      .split('.')
      .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], config);
    return { path, value: present(value), origin: origins.get(path) ?? 'default' };
  });
}
