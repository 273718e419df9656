/** Pages of sources. */
import { toSource } from './administration.ts';
import type { Page, Sources, SourcesDependencies } from './service.ts';
import { countItems, listSourceRows } from './store.ts';

export function createListing({ db, cursors }: Pick<SourcesDependencies, 'db' | 'cursors'>): Pick<Sources, 'list'> {
  function toPage<Item extends { id: string }>(list: string, filter: unknown, rows: Item[], limit: number): Page<Item> {
    const items = rows.slice(0, limit);
    const last = rows.length > limit ? items.at(-1) : undefined;
    return { items, nextCursor: last && cursors.write(list, filter, { sortKey: '', id: last.id }) };
  }
  const afterOf = (list: string, filter: unknown, cursor: string | undefined) =>
    cursor === undefined ? undefined : cursors.read(list, filter, cursor).id;

  return {
    async list(organizationId, { kind, cursor, limit }) {
      const filter = { organizationId, kind };
      const afterId = afterOf('sources', filter, cursor);
      return db.inOrganization(organizationId, async (transaction) => {
        const rows = await listSourceRows(transaction, { kind, afterId, limit: limit + 1 });
        const page = toPage('sources', filter, rows, limit);
        const counts = await countItems(
          transaction,
          page.items.map((row) => row.id),
        );
        return { ...page, items: page.items.map((row) => toSource(row, counts.get(row.id))) };
      });
    },
  };
}
