import { expect, test } from 'vitest';
import { createSampleServer } from '../testing/sample-server.ts';
import { pathParameters } from './check-routes.ts';

type Json = Record<string, unknown>;
type Operation = {
  operationId: string;
  responses: Record<string, Json>;
  parameters: Json[];
  security?: unknown[];
  requestBody?: Json;
  tags: string[];
};

async function readDocument() {
  const server = await createSampleServer({ version: '1.2.3' });
  const reply = await server.inject({ url: '/openapi.json' });
  await server.close();
  return { document: reply.json(), routes: server.routes };
}

const operationsOf = (document: Json) =>
  Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

function* referencesIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === '$ref' && typeof item === 'string') yield item;
    else yield* referencesIn(item);
  }
}

test('describes every row of the table, and nothing else', async () => {
  const { document, routes } = await readDocument();
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Nexus', version: '1.2.3' } });
  const described = operationsOf(document).map(({ path, method }) => `${method.toUpperCase()} ${path}`);
  expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
});

test('has the structure that OpenAPI 3.1 asks for', async () => {
  const { document } = await readDocument();
  const ids = operationsOf(document).map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, operation } of operationsOf(document)) {
    const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
    expect(inPath.map(({ name }) => name).sort()).toEqual(pathParameters(path).sort());
    expect(inPath.every(({ required, schema }) => required === true && typeof schema === 'object')).toBe(true);
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(status).toMatch(/^(\d{3}|default)$/);
      expect(typeof response.description).toBe('string');
    }
    expect(operation.responses.default).toHaveProperty(['content', 'application/problem+json', 'schema', '$ref']);
  }
  for (const reference of referencesIn(document)) {
    const target = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((part, key) => (part as Json | undefined)?.[key], document);
    expect(target, reference).toBeDefined();
  }
});

test('tells parameters, bodies, permissions and streams apart', async () => {
  const { document } = await readDocument();
  const read = document.paths['/api/v1/things/{thing_id}'].get;
  expect(read.description).toContain('documents:read');
  expect(read.parameters).toContainEqual({
    name: 'limit',
    in: 'query',
    required: false,
    description: 'Most things.',
    schema: expect.objectContaining({ type: 'integer', maximum: 10, default: 5 }),
  });
  expect(document.paths['/api/v1/open'].post.security).toEqual([]);
  expect(document.paths['/api/v1/files'].post.requestBody.content).toEqual({ 'application/octet-stream': {} });
  const body = document.paths['/api/v1/things'].post.requestBody;
  expect(body).toMatchObject({
    required: true,
    content: { 'application/json': { schema: { additionalProperties: false, required: ['name'] } } },
  });
});
