import { useCallback, useEffect, useRef, useState } from 'react';
import { isAbort, type Page, type Problem, toProblem } from './http.ts';

export type Pages<Item> = {
  items: Item[];
  state: 'loading' | 'ready' | 'failed';
  problem: Problem | undefined;
  hasMore: boolean;
  /** Appends the next page. */
  loadMore: () => void;
  /** Reads the first page again; what is shown stays until it came. */
  reload: () => void;
};

type Held<Item> = { items: Item[]; state: Pages<Item>['state']; problem: Problem | undefined; cursor: string | null };

/** A list that is read page by page. `load` must not change from render to render. */
export function usePages<Item extends { id: string }>(
  load: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<Item>>,
): Pages<Item> {
  const [held, setHeld] = useState<Held<Item>>({ items: [], state: 'loading', problem: undefined, cursor: null });
  const running = useRef<AbortController>(undefined);

  const read = useCallback(
    async (cursor: string | undefined) => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      setHeld((before) => ({ ...before, state: 'loading', problem: undefined }));
      try {
        const page = await load(cursor, controller.signal);
        setHeld((before) => ({
          items: cursor === undefined ? page.items : append(before.items, page.items),
          state: 'ready',
          problem: undefined,
          cursor: page.next_cursor,
        }));
      } catch (error) {
        if (!isAbort(error)) setHeld((before) => ({ ...before, state: 'failed', problem: toProblem(error) }));
      }
    },
    [load],
  );

  useEffect(() => {
    void read(undefined);
    return () => running.current?.abort();
  }, [read]);

  const loadMore = useCallback(() => held.cursor !== null && void read(held.cursor), [read, held.cursor]);
  const reload = useCallback(() => void read(undefined), [read]);
  const { items, state, problem } = held;
  return { items, state, problem, hasMore: held.cursor !== null, loadMore, reload };
}

/** An item that moved while we were reading appears once. */
function append<Item extends { id: string }>(items: Item[], more: Item[]): Item[] {
  const known = new Set(items.map((item) => item.id));
  return [...items, ...more.filter((item) => !known.has(item.id))];
}
