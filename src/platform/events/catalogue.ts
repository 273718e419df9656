import { z } from 'zod';
import { envelopeSchema } from './envelope.ts';

/**
 * What a module announces: the schema of `data` by type. Version 1 unless `meta({ version })` says otherwise. Breaking a
 * schema raises its version.
 */
export type EventCatalogue = Readonly<Record<string, z.ZodObject>>;

export type EventDescription = {
  type: string;
  version: number;
  description: string;
  /** JSON Schema 2020-12 of `data`. */
  schema: Record<string, unknown>;
};

export type EventSchemas = { envelope: Record<string, unknown>; events: EventDescription[] };

/** Every event of the catalogues as JSON Schema, in the order of their types. */
export function describeEventSchemas(catalogues: readonly EventCatalogue[]): EventSchemas {
  const events = catalogues.flatMap((catalogue) =>
    Object.entries(catalogue).map(([type, data]) => ({
      type,
      version: versionOf(data),
      description: data.description ?? '',
      schema: z.toJSONSchema(data) as Record<string, unknown>,
    })),
  );
  events.sort((left, right) => (left.type < right.type ? -1 : 1));
  return { envelope: z.toJSONSchema(envelopeSchema) as Record<string, unknown>, events };
}

function versionOf(data: z.ZodObject): number {
  const version = data.meta()?.version;
  return typeof version === 'number' ? version : 1;
}
