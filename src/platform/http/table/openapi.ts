/** The route table as an OpenAPI 3.1 document. */
import { z } from 'zod';
import { problemSchema } from '../reply/problem.ts';
import { type Route, takesIdempotencyKey } from '../route.ts';

export type OpenApiInfo = { title: string; version: string; description?: string };

type Json = Record<string, unknown>;

const problemReference = { $ref: '#/components/schemas/Problem' };

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
  });
  return rest;
}

/** Each field of an object schema as a parameter. */
function toParameters(place: 'path' | 'query', schema: z.ZodObject | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = toJsonSchema(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...field }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: field,
  }));
}

const idempotencyParameter: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Makes sending again harmless: the same key with the same request is answered with the same reply, with another request 422, while the first is in work 409. Kept for `idempotency.keepHours`, then the key counts as new.',
  schema: { type: 'string', minLength: 8, maxLength: 255 },
};

function toRequestBody(body: Route['request']['body']): Json | undefined {
  if (body === undefined) return undefined;
  if (body === 'bytes') return { required: true, content: { 'application/octet-stream': {} } };
  const required = !body.safeParse(undefined).success;
  return { required, content: { 'application/json': { schema: toJsonSchema(body, 'input') } } };
}

function toResponse(schema: Route['responses'][number], status: string): Json {
  const description = status.startsWith('2') ? 'Success.' : 'See the code of the problem.';
  if (schema === null || schema === undefined) return { description };
  if (schema === 'events') return { description, content: { 'text/event-stream': { schema: { type: 'string' } } } };
  return { description, content: { 'application/json': { schema: toJsonSchema(schema, 'output') } } };
}

function operationId({ method, path }: Route): string {
  const words = path.replace(/^\/api\/v\d+/, '').split(/[^a-zA-Z0-9]+/);
  return [method.toLowerCase(), ...words.filter((word) => word !== '')].join('_');
}

function toOperation(route: Route): Json {
  const { summary, tag, permission, request, responses } = route;
  const requestBody = toRequestBody(request.body);
  const isPublic = permission === 'public';
  return {
    operationId: operationId(route),
    summary,
    tags: [tag],
    ...(isPublic ? { security: [] } : { description: `Needs the permission \`${permission}\`.` }),
    parameters: [
      ...toParameters('path', request.params),
      ...toParameters('query', request.query),
      ...(takesIdempotencyKey(route) ? [idempotencyParameter] : []),
    ],
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: {
      ...Object.fromEntries(Object.entries(responses).map(([status, schema]) => [status, toResponse(schema, status)])),
      default: {
        description: 'Any error, as RFC 9457 problem.',
        content: { 'application/problem+json': { schema: problemReference } },
      },
    },
  };
}

/** Describes every row of the table; what is not in the table is not described. */
export function describeRoutes(routes: readonly Route[], info: OpenApiInfo): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: toOperation(route) };
  }
  const tags = [...new Set(routes.map(({ tag }) => tag))].sort().map((name) => ({ name }));
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { session: [] }],
    tags,
    paths,
    components: {
      schemas: { Problem: toJsonSchema(problemSchema, 'output') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'nexus_session' },
      },
    },
  };
}
