/** Refuses a route table that could not be served safely, before the server exists. */
import { z } from 'zod';
import { AppError } from '#platform/errors.ts';
import { permissions } from '#platform/permissions.ts';
import type { Route } from '../route.ts';

const known = new Set<string>([...permissions, 'public']);
const validPath = /^\/(?:[\w.-]+|\{[a-z][a-z0-9_]*\})?(?:\/(?:[\w.-]+|\{[a-z][a-z0-9_]*\}))*$/;
const maxSchemaDepth = 40;

/** Names of the `{placeholders}` of a path. */
export const pathParameters = (path: string): string[] =>
  [...path.matchAll(/\{([a-z][a-z0-9_]*)\}/g)].map((match) => match[1] ?? '');

type JsonSchema = { properties?: Record<string, JsonSchema>; additionalProperties?: unknown; [key: string]: unknown };

/** True when some object below the top would silently drop fields that it does not know. */
function dropsFields(schema: unknown, depth = 0): boolean {
  if (typeof schema !== 'object' || schema === null || depth > maxSchemaDepth) return false;
  if (Array.isArray(schema)) return schema.some((item) => dropsFields(item, depth + 1));
  const { properties, additionalProperties, ...rest } = schema as JsonSchema;
  if (properties !== undefined && additionalProperties === undefined && depth > 0) return true;
  return [...Object.values(properties ?? {}), additionalProperties, ...Object.values(rest)].some((item) =>
    dropsFields(item, depth + 1),
  );
}

function findFaults({ method, path, permission, ignoresCredentials, request, responses }: Route): string[] {
  const faults: string[] = [];
  if (!validPath.test(path)) faults.push('its path is not spelt as /words/{parameter_name}');
  if (!known.has(permission)) faults.push('it names no known permission');
  if (ignoresCredentials === true && permission !== 'public') faults.push('only a public route may ignore credentials');
  const declared = Object.keys(request.params?.shape ?? {}).sort();
  if (pathParameters(path).sort().join() !== declared.join()) faults.push('its path and its params schema differ');
  if (method === 'GET' && request.body !== undefined) faults.push('a GET has no body');
  if (Object.keys(responses).length === 0) faults.push('it declares no response');
  if (request.body instanceof z.ZodType) {
    const schema = z.toJSONSchema(request.body, { io: 'input', unrepresentable: 'any' });
    if (dropsFields(schema)) faults.push('a nested object of its body is not strict (use z.strictObject)');
  }
  return faults;
}

/** Throws ROUTE_TABLE_INVALID naming every faulty row. */
export function checkRoutes(routes: readonly Route[]): void {
  const seen = new Set<string>();
  const faults = routes.flatMap((route) => {
    const name = `${route.method} ${route.path}`;
    const shape = `${route.method} ${route.path.replaceAll(/\{[^}]*\}/g, '{}')}`;
    const duplicate = seen.has(shape) ? ['there is another one for the same address'] : [];
    seen.add(shape);
    return [...duplicate, ...findFaults(route)].map((fault) => `${name}: ${fault}`);
  });
  if (faults.length === 0) return;
  throw new AppError('ROUTE_TABLE_INVALID', 'bug', `The route table has faults: ${faults.join('; ')}.`);
}
