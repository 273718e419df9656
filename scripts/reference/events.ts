/** docs/reference/events.md: what each module announces through the outbox, from the catalogues in its `events.ts`. */
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
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
    'Facts, in the past tense, recorded in the transaction in which they happened. They carry ids only; whoever needs the',
    'content reads it inside the organization. Every event also has an id, its organization and its time.',
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
    if (!text.includes('recordEvent')) return [];
    return [...text.matchAll(/\btype: '([a-z_]+(?:[.][a-z_]+)+)'/g)].map((match) => match[1] ?? '');
  });
  return [...new Set(types)].sort();
}

function fieldTable(payload: z.ZodType): string {
  const schema = z.toJSONSchema(payload) as {
    properties?: Record<string, { type?: string; format?: string; description?: string }>;
  };
  const rows = Object.entries(schema.properties ?? {}).map(([name, { type, format, description }]) => [
    `\`${name}\``,
    format ?? type ?? '',
    description ?? '',
  ]);
  return joinTable(['field', 'type', 'meaning'], rows);
}
