/** Reads zod schemas as data: what is inside the wrappers, which fields an object has, what stands at a path. */
import { z } from 'zod';

export type SchemaPath = readonly PropertyKey[];

const maxWrappers = 20;

function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodPipe) return schema.def.in instanceof z.ZodTransform ? schema.def.out : schema.def.in;
  const { def } = schema._zod as { def: { innerType?: z.core.$ZodType } };
  return def.innerType;
}

/** The schema inside optional, default, nullable, pipe and the like. */
export function unwrapSchema(schema: z.core.$ZodType): z.core.$ZodType {
  let present = schema;
  for (let wrappers = 0; wrappers < maxWrappers; wrappers += 1) {
    const inner = innerOf(present);
    if (inner === undefined) return present;
    present = inner;
  }
  return present;
}

/** Fields of an object schema by name; undefined for anything else. */
export function fieldsOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const inner = unwrapSchema(schema);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

function childOf(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType | undefined {
  const inner = unwrapSchema(schema);
  if (inner instanceof z.ZodObject) return (inner.shape as Record<PropertyKey, z.core.$ZodType>)[key];
  if (inner instanceof z.ZodArray) return inner.element as z.core.$ZodType;
  if (inner instanceof z.ZodRecord) return inner.valueType as z.core.$ZodType;
  return undefined;
}

/** The schema of what stands at `path`; undefined where the schema does not say. */
export function schemaAt(schema: z.core.$ZodType, path: SchemaPath): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>(
    (present, key) => (present === undefined ? undefined : childOf(present, key)),
    schema,
  );
}

/** True when the value may be left away without a default taking its place. */
export function isOptionalSchema(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable;
}
