import type { z } from 'zod';
import type { Caller, Permission } from '#platform/permissions.ts';

/** What one request asks for, parsed by the route's contract. `undefined` parts were not declared. */
export type RouteCall<Params, Query, Body, Asker = Caller> = {
  /** The authenticated caller; on a `public` route the one that came along, or undefined. */
  caller: Asker;
  params: Params;
  query: Query;
  body: Body;
  /** Request headers, lower-case names. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  requestId: string;
  /** True when the request reached us by https, directly or through a trusted proxy. */
  secure: boolean;
  /** Aborted when the client goes away, the route's time is up or the server's drain deadline passes. */
  signal: AbortSignal;
};

/** One server-sent event. `data` is sent as JSON. */
export type ServerSentEvent = { id?: string; event: string; data: unknown };

/**
 * What a route answers: a status with a JSON body, or a stream of server-sent events. A string or Buffer that comes
 * with a `content-type` header is sent as it is.
 */
export type RouteReply =
  | { status: number; body?: unknown; headers?: Record<string, string>; cookies?: RouteCookie[] }
  | { status: 200; events: AsyncIterable<ServerSentEvent> };

/** Always `HttpOnly`, `SameSite=Strict`, path `/`; `Secure` when the server is reached by https. */
export type RouteCookie = { name: string; value: string; maxAgeSeconds: number };

/** One row of the visible table of routes. A route that is not in it does not exist. */
export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** OpenAPI spelling: `/api/v1/documents/{document_id}`. */
  path: string;
  /** What the caller must hold; `public` needs no credential. */
  permission: Permission | 'public';
  /** One sentence for the reference. */
  summary: string;
  /** The module's name; groups the reference. */
  tag: string;
  request: {
    params?: z.ZodObject;
    query?: z.ZodObject;
    /** A JSON body by schema, or `bytes`: the raw body as a Buffer, any media type. */
    body?: z.ZodType | 'bytes';
  };
  /** Body schemas by status; `events` marks a server-sent event stream; null an empty body. */
  responses: Record<number, z.ZodType | 'events' | null>;
  /** Largest body accepted, in bytes. Default: the server's `http.maxBodyBytes`. */
  maxBodyBytes?: number;
  /** Time until `handle` has answered, in milliseconds. Default: `http.handlerTimeoutMs`. A stream may go on longer. */
  timeoutMs?: number;
  /** Carrying the request out again has no second effect, so a key whose first try was cut off is simply tried again. */
  mayRepeat?: true;
  /** Never looks at credentials, so that probes answer while identity cannot. Only with `public`. */
  ignoresCredentials?: true;
  handle(call: RouteCall<never, never, never, never>): Promise<RouteReply>;
};

/** True where a key means something: the request changes something, and its sender is known. */
export const takesIdempotencyKey = ({ method, permission }: Route): boolean =>
  method !== 'GET' && permission !== 'public';

type Parsed<Schema> = Schema extends 'bytes' ? Buffer : Schema extends z.ZodType ? z.output<Schema> : undefined;

/** Declares a route so that `handle` gets the types of its contract. */
export function route<
  const Request extends { params?: z.ZodObject; query?: z.ZodObject; body?: z.ZodType | 'bytes' },
  const Needed extends Permission | 'public',
>(
  declaration: Omit<Route, 'request' | 'handle' | 'permission'> & {
    permission: Needed;
    request: Request;
    handle(
      call: RouteCall<
        Parsed<Request['params']>,
        Parsed<Request['query']>,
        Parsed<Request['body']>,
        Needed extends 'public' ? Caller | undefined : Caller
      >,
    ): Promise<RouteReply>;
  },
): Route {
  return declaration as Route;
}
