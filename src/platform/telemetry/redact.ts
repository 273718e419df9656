/** Takes secrets out of what is about to be logged: by type, by key and by pattern. */
import { Secret } from '../secret.ts';

const mark = '[secret]';
const maxDepth = 6;
const maxEntries = 100;
const maxTextLength = 4000;
const maxKeyLength = 100;
const maxObjects = 200;

/** How much of one line is left; shared by everything in it. */
type Budget = { objects: number };

const secretKey =
  /(^|_)(password|passwd|passphrase|secret|token|authorization|cookie|credentials?|api_?key|access_?key|private_?key|signing_?key|session_?key)$/;

const secretPatterns: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s{1,4}[\w.~+/=-]{8,}/gi, `$1 ${mark}`],
  [/(:\/\/[^\s:/@]{0,200}):[^\s@/]{1,500}@/g, `$1:${mark}@`],
  [/\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*/g, mark],
  [/\b(?:sk|pk|rk|nx|nexus|ghp|gho|ghs|glpat|xox[abprs]|key|secret|token)[-_][\w-]{16,}/gi, mark],
  [/\bAKIA[A-Z0-9]{12,}/g, mark],
  [/([?&;](?:token|key|api_?key|access_token|secret|password|signature|code)=)[^&\s#]+/gi, `$1${mark}`],
];

const keyNames = new Map<string, string>();
const maxKeyNames = 2000;

/** `organizationId` → `organization_id`; remembered, since the same few keys come again and again. */
function toSnakeCase(key: string): string {
  const known = keyNames.get(key);
  if (known !== undefined) return known;
  const name = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
  if (keyNames.size < maxKeyNames) keyNames.set(key, name);
  return name;
}

/** The text without bearer tokens, API keys and passwords in URLs, cut at 4,000 characters. */
export function redactText(text: string): string {
  const short = text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text;
  return secretPatterns.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), short);
}

function redactError(error: Error, depth: number, budget: Budget): Record<string, unknown> {
  const coded = error as Error & { code?: unknown; kind?: unknown; details?: unknown };
  return {
    type: error.name,
    ...(coded.code === undefined ? {} : { code: String(coded.code) }),
    ...(coded.kind === undefined ? {} : { kind: String(coded.kind) }),
    message: redactText(error.message),
    ...(coded.details === undefined ? {} : { details: redactValue(coded.details, depth + 1, budget) }),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1, budget) }),
  };
}

function redactObject(value: object, depth: number, budget: Budget): unknown {
  if (value instanceof Secret) return mark;
  budget.objects -= 1;
  if (depth >= maxDepth || budget.objects < 0) return '[more]';
  if (value instanceof Error) return redactError(value, depth, budget);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, maxEntries).map((item) => redactValue(item, depth + 1, budget));
  if (value instanceof Set || value instanceof Map) return redactValue([...value], depth, budget);
  return redactEntries(value, depth + 1, budget);
}

function redactValue(value: unknown, depth: number, budget: Budget): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  return typeof value === 'object' && value !== null ? redactObject(value, depth, budget) : value;
}

function redactEntries(fields: object, depth: number, budget: Budget): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields).slice(0, maxEntries)) {
    const name = toSnakeCase(key.slice(0, maxKeyLength));
    const hidden = secretKey.test(name) && value !== undefined && value !== null && typeof value !== 'boolean';
    clean[name] = hidden ? mark : redactValue(value, depth, budget);
  }
  return clean;
}

/** A copy that may be logged: snake_case keys, no secrets, bounded in depth, length and number. */
export const redactFields = (fields: object): Record<string, unknown> =>
  redactEntries(fields, 0, { objects: maxObjects });
