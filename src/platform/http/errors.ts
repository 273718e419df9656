import type { ErrorCatalogue } from '#platform/errors.ts';

/** Errors of the HTTP shell. */
export const httpErrors = {
  REQUEST_INVALID: 'Parts of the request do not fit the route; `details.problems` lists all of them with their fix.',
  BODY_MALFORMED: 'The body is not valid JSON in UTF-8, or it carries keys that no route accepts. Send valid JSON.',
  BODY_TOO_LARGE: 'The body is larger than the route accepts; `details.max_bytes` is the limit. Send less.',
  BODY_TOO_DEEP: 'The JSON body is nested deeper than `http.maxJsonDepth`. Flatten it.',
  MEDIA_TYPE_UNSUPPORTED:
    'The body has a media type or an encoding that the route does not read. Send application/json.',
  CREDENTIAL_MISSING: 'No valid credential came with the request. Send `Authorization: Bearer …` or sign in.',
  PERMISSION_MISSING: 'The credential lacks the permission that the route asks for. Ask an administrator for it.',
  HOST_REFUSED: 'The request names a host that this server does not answer for. Add it to `http.allowedHosts`.',
  CROSS_SITE_REFUSED: 'A page of another site tried to change something here. Only this server’s own page may.',
  ROUTE_NOT_FOUND: 'There is nothing at this address. See /openapi.json for the routes.',
  METHOD_NOT_ALLOWED: 'The address exists, the method does not. The header `Allow` lists the methods.',
  URL_INVALID: 'The address is not a valid one. Percent-encode special characters.',
  URL_TOO_LONG: 'A part of the address is longer than accepted. Shorten it.',
  HEAD_TOO_LARGE: 'The request head is larger than `http.maxHeaderBytes`. Send fewer or shorter headers.',
  REQUEST_MALFORMED: 'The request is not valid HTTP. Check its head and its content length.',
  REQUEST_TIMEOUT: 'The request did not arrive in time. Send it again, faster.',
  HANDLER_TIMEOUT: 'The answer took longer than allowed. Try again, or ask for less.',
  STREAM_TIMEOUT: 'The stream lasted longer than `http.streamTimeoutMs`. Ask again for the rest.',
  SERVER_STOPPING: 'The server is stopping. Send the request again in a moment.',
  SERVER_BUSY:
    'Too many large bodies are on their way at once (`http.maxBodyBytesInFlight`). Try again after Retry-After.',
  SERVER_NOT_READY: 'The server cannot serve yet; `details.missing` says what it waits for. Wait, then try again.',
  CLIENT_GONE: 'The client closed the connection before the answer was complete. Nothing to do.',
  PORT_IN_USE: 'Another program listens on the port. Stop it, or choose another port.',
  LISTEN_FAILED: 'The address cannot be listened on. Choose another host or port.',
  ROUTE_TABLE_INVALID: 'A route is declared in a way that could not be served safely. This is a bug.',
  REPLY_BROKEN: 'A route answered something else than it declares. This is a bug.',
  INTERNAL_ERROR: 'Something failed inside the server. The log has the details under the request id.',
} as const satisfies ErrorCatalogue;
