/** The requests being served: counted for metrics, aborted when their client leaves or the server's patience ends. */
import type { Caller } from '#platform/permissions.ts';

export type RequestInFlight = {
  readonly requestId: string;
  readonly startedMs: number;
  /** The route's pattern; `unmatched` for addresses that do not exist. */
  route: string;
  caller: Caller | undefined;
  /** True once it is answered by a stream of events. */
  isStream: boolean;
  /** Made on first use, since most requests never look at it. */
  readonly signal: AbortSignal;
  /** Why it was aborted; undefined while it was not. */
  readonly abortReason: unknown;
  abort(reason: Error): void;
};

export type RequestsInFlight = {
  readonly count: number;
  begin(requestId: string, startedMs: number): RequestInFlight;
  end(request: RequestInFlight): void;
  abortAll(reason: Error): void;
};

function createRequest(requestId: string, startedMs: number): RequestInFlight {
  let controller: AbortController | undefined;
  let abortReason: Error | undefined;
  return {
    requestId,
    startedMs,
    route: 'unmatched',
    caller: undefined,
    isStream: false,
    get signal() {
      controller ??= new AbortController();
      if (abortReason !== undefined) controller.abort(abortReason);
      return controller.signal;
    },
    get abortReason() {
      return abortReason;
    },
    abort(reason) {
      abortReason ??= reason;
      controller?.abort(abortReason);
    },
  };
}

export function createRequestsInFlight(): RequestsInFlight {
  const present = new Set<RequestInFlight>();
  return {
    get count() {
      return present.size;
    },
    begin(requestId, startedMs) {
      const request = createRequest(requestId, startedMs);
      present.add(request);
      return request;
    },
    end(request) {
      present.delete(request);
    },
    abortAll(reason) {
      for (const request of present) request.abort(reason);
    },
  };
}
