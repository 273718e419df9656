/** What went wrong with a request, ready to be shown. */
export type Problem = {
  /** HTTP status; 0 when the server was not reached. */
  status: number;
  code: string;
  message: string;
  requestId: string | undefined;
};

/** Thrown by everything that speaks to the server. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly problem: Problem;

  constructor(problem: Problem, cause?: unknown) {
    super(problem.message, { cause });
    this.problem = problem;
  }
}

/** Fires `signed-out` when the server no longer knows the session. */
export const sessionEvents = new EventTarget();

const unreachable: Problem = {
  status: 0,
  code: 'UNREACHABLE',
  message: 'Nexus cannot be reached. Is it still running?',
  requestId: undefined,
};

/** The problem of anything that was caught. */
export function toProblem(error: unknown): Problem {
  if (error instanceof RequestFailed) return error.problem;
  const message = error instanceof Error ? error.message : String(error);
  return { status: 0, code: 'PAGE_FAILED', message: `This page failed: ${message}`, requestId: undefined };
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Reads problem+json, and survives anything else (a proxy's HTML page, an empty body). */
export function parseProblem(answer: { status: number; text: string; requestId: string | null }): Problem {
  const fields = parseObject(answer.text);
  const read = (...names: string[]) => names.map((name) => fields[name]).find((value) => typeof value === 'string');
  return {
    status: answer.status,
    code: read('code') ?? `HTTP_${answer.status}`,
    message: read('message', 'detail', 'title') ?? `The server answered with status ${answer.status}.`,
    requestId: read('request_id') ?? answer.requestId ?? undefined,
  };
}

function parseObject(text: string): Record<string, string> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};
  } catch {
    // Not JSON: the status alone has to explain it.
    return {};
  }
}

type SendOptions = { body?: unknown; signal?: AbortSignal; accept?: string };

/** Sends one request and returns its successful response; everything else is thrown as `RequestFailed`. */
export async function send(method: string, path: string, options: SendOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: options.accept ?? 'application/json' };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(path, {
    method,
    headers,
    credentials: 'same-origin',
    cache: 'no-store',
    ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    ...(options.signal && { signal: options.signal }),
  }).catch((error: unknown) => {
    throw isAbort(error) ? error : new RequestFailed(unreachable, error);
  });
  if (!response.ok) throw await failureOf(response);
  return response;
}

async function failureOf(response: Response): Promise<RequestFailed> {
  const text = await response.text().catch(() => '');
  const requestId = response.headers.get('x-request-id');
  return refused(parseProblem({ status: response.status, text, requestId }));
}

/** Wraps a refusal of the server and tells the session when it was the reason. */
export function refused(problem: Problem): RequestFailed {
  if (problem.status === 401) sessionEvents.dispatchEvent(new Event('signed-out'));
  return new RequestFailed(problem);
}

/** Sends a request and reads its JSON. The server validated it against the contract that names `Reply`. */
export async function sendJson<Reply>(method: string, path: string, options: SendOptions = {}): Promise<Reply> {
  const response = await send(method, path, options);
  return (await response.json().catch((error: unknown) => {
    if (isAbort(error)) throw error;
    const requestId = response.headers.get('x-request-id') ?? undefined;
    throw new RequestFailed(
      { ...unreachable, code: 'ANSWER_CUT', message: 'The answer was cut off.', requestId },
      error,
    );
  })) as Reply;
}

/** Sends a file with progress, which `fetch` cannot report. `onProgress` gets 0 to 1. */
export function sendFile<Reply>(
  path: string,
  file: Blob,
  options: { onProgress: (share: number) => void; signal: AbortSignal },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.setRequestHeader('accept', 'application/json');
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = (event) => event.lengthComputable && options.onProgress(event.loaded / event.total);
    request.onerror = () => reject(new RequestFailed(unreachable));
    request.onabort = () => reject(new DOMException('The upload was stopped.', 'AbortError'));
    request.onload = () => {
      const requestId = request.getResponseHeader('x-request-id');
      const answer = { status: request.status, text: request.responseText, requestId };
      const succeeded = request.status >= 200 && request.status < 300;
      if (succeeded) resolve(parseObject(request.responseText) as Reply);
      else reject(refused(parseProblem(answer)));
    };
    options.signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

export type Page<Item> = { items: Item[]; next_cursor: string | null };

export function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`;
}
