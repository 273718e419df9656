/** Which request the code is working for, so that log lines carry its id without passing it through every call. */
import { AsyncLocalStorage } from 'node:async_hooks';

export type RequestContext = {
  requestId: string;
  /** Known after authentication. */
  organizationId?: string;
};

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work`; log lines written within it carry the ids of `context`. */
export const runInRequestContext = <Result>(context: RequestContext, work: () => Result): Result =>
  storage.run(context, work);

/** The request that the present code works for, if any. */
export const currentRequestContext = (): RequestContext | undefined => storage.getStore();
