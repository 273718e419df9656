/** Tasks, their documents and other lists, as the server gives them. */
import type { ItemView, TaskView } from '#modules/ingestion/contract.ts';
import type { Connection } from '../connection.ts';

const pageLimit = '200';
/** More pages than any list has that a person looks at. */
const maxPages = 5000;

export function readTask(connection: Connection, taskId: string): Promise<TaskView> {
  return connection.call<TaskView>({ method: 'GET', path: `/api/v1/tasks/${encodeURIComponent(taskId)}` });
}

/** The documents of a task, or those in one state, page by page: a task may have a hundred thousand. */
export function taskItems(connection: Connection, taskId: string, state?: string): AsyncGenerator<ItemView> {
  return entriesOf<ItemView>(connection, `/api/v1/tasks/${encodeURIComponent(taskId)}/items`, { state });
}

/** Every entry of a list, fetched page by page as they are taken. */
export async function* entriesOf<Item>(
  connection: Connection,
  path: string,
  query: Record<string, string | undefined> = {},
): AsyncGenerator<Item> {
  let cursor: string | undefined;
  for (let page = 0; page < maxPages; page += 1) {
    const reply = await connection.call<{ items: Item[]; next_cursor: string | null }>({
      method: 'GET',
      path,
      query: { ...query, limit: pageLimit, cursor },
    });
    yield* reply.items;
    if (reply.next_cursor === null) return;
    cursor = reply.next_cursor;
  }
}

export async function collect<Item>(entries: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of entries) items.push(item);
  return items;
}
