/** docs/reference/events.md: what each module announces through the outbox, from the catalogues in its `events.ts`. */
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { envelopeSchema } from '#platform/events/index.ts';
import { joinTable, root } from './markdown.ts';

type Event = { module: string; name: string; payload: z.ZodType };

/** Throws when the code records an event that no catalogue names. */
export async function describeEvents(): Promise<string> {
  const events = await collect();
  const names = new Set(events.map(({ name }) => name));
  const unnamed = recordedTypes().filter((type) => !names.has(type));
  if (unnamed.length > 0)
    throw new Error(`Events without an entry in their module's events.ts: ${unnamed.join(', ')}.`);
  const parts = events.map(({ name, module, payload }) =>
    [
      `## ${name}`,
      `From \`${module}\`. ${z.globalRegistry.get(payload)?.description ?? ''}`.trim(),
      fieldTable(payload),
    ].join('\n\n'),
  );
  return [
    '# Events',
    '',
    'Facts, in the past tense, recorded in the transaction in which they happened and delivered at least once, in the order',
    'of their commits within the organization. They carry ids and names; whoever needs the text of a document reads it inside',
    'the organization. The same schemas as JSON Schema: `GET /api/v1/events/schemas`.',
    '',
    '## Envelope',
    '',
    fieldTable(envelopeSchema),
    '',
    'A webhook gets it as its body, signed as in [Standard Webhooks](https://www.standardwebhooks.com), with the CloudEvents 1.0',
    'attributes as `ce-…` headers. `webhook-id` is the `id` of the event and the same at every attempt: act once for each.',
    '',
    parts.length > 0 ? parts.join('\n\n') : 'No module announces anything yet.',
    '',
  ].join('\n');
}

async function collect(): Promise<Event[]> {
  const events: Event[] = [];
  for (const file of fs.globSync('src/modules/*/events.ts', { cwd: root }).sort()) {
    const exported: Record<string, unknown> = await import(path.join(root, file));
    for (const name of Object.keys(exported)
      .filter((key) => key.endsWith('Events'))
      .sort()) {
      const catalogue = exported[name] as Record<string, z.ZodType>;
      const module = file.split('/')[2] ?? '';
      events.push(...Object.entries(catalogue).map(([type, payload]) => ({ module, name: type, payload })));
    }
  }
  return events;
}

function recordedTypes(): string[] {
  const files = fs.globSync('src/modules/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const types = files.flatMap((file) => {
    const text = fs.readFileSync(path.join(root, file), 'utf8');
    if (!/recordEvent|recordFacts|Fact\b/.test(text)) return [];
    return [...text.matchAll(/\btype: '([a-z_]+(?:[.][a-z_]+)+)'/g)].map((match) => match[1] ?? '');
  });
  return [...new Set(types)].sort();
}

type Field = {
  type?: string;
  format?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Field[];
  items?: Field;
  description?: string;
};

function describeType({ type, format, anyOf, items, const: only, enum: several }: Field): string {
  if (only !== undefined) return `\`${String(only)}\``;
  if (several !== undefined) return several.join(', ');
  if (anyOf !== undefined) return anyOf.map(describeType).join(' or ');
  if (items !== undefined) return `list of ${describeType(items)}`;
  return format ?? type ?? '';
}

function fieldTable(payload: z.ZodType): string {
  const schema = z.toJSONSchema(payload) as {
    properties?: Record<string, Field>;
    required?: string[];
  };
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => [
    `\`${name}\`${schema.required?.includes(name) === true ? '' : ' (optional)'}`,
    describeType(field),
    field.description ?? '',
  ]);
  return joinTable(['field', 'type', 'meaning'], rows);
}
