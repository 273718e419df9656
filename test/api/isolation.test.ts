/** Two organizations, the same words: no row crosses, by the application and by row-level security alone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestApp, type TestApp } from '../support/app.ts';

const canaryA = 'canary-alpha-7391';
const canaryB = 'canary-bravo-5528';
const question = 'how long is the warranty of the pump';

let app: TestApp;
let sessionB: string;
let organizationB: string;

beforeAll(async () => {
  app = await openTestApp();
  organizationB = (await app.app.identity.createOrganization('second')).id;
  sessionB = await app.signIn(organizationB);
  await upload(undefined, `The warranty of the pump is two years. ${canaryA}`);
  await upload(sessionB, `The warranty of the pump is five years. ${canaryB}`);
  for (const session of [undefined, sessionB]) {
    await app.call('POST', '/api/v1/chat/message', { session, body: { message: `${question}?` } });
  }
});
afterAll(() => app.close());

async function upload(session: string | undefined, text: string): Promise<string> {
  const reply = await app.call('POST', '/api/v1/documents?filename=warranty.md', { session, body: Buffer.from(text) });
  expect(reply.status).toBe(201);
  const { document_id, position } = reply.json as { document_id: string; position: string };
  const url = `/api/v1/search?query=warranty&at_least=${encodeURIComponent(position)}`;
  expect((await app.call('GET', url, { session })).status).toBe(200);
  return document_id;
}

describe('the same query in two organizations', () => {
  test('finds only the own documents', async () => {
    const ofA = await app.call('GET', `/api/v1/search?query=${encodeURIComponent(question)}`);
    const ofB = await app.call('GET', `/api/v1/search?query=${encodeURIComponent(question)}`, { session: sessionB });
    expect(ofA.text).toContain(canaryA);
    expect(ofA.text).not.toContain(canaryB);
    expect(ofB.text).toContain(canaryB);
    expect(ofB.text).not.toContain(canaryA);
  });

  test('no byte of any list, document, conversation or answer is the other’s', async () => {
    const lists = ['/api/v1/documents', '/api/v1/collections', '/api/v1/chat/conversations'];
    for (const url of lists) {
      const ofA = (await app.call('GET', url)).json as { items: { id: string }[] };
      const ofB = (await app.call('GET', url, { session: sessionB })).json as { items: { id: string }[] };
      expect(ofA.items.length, url).toBeGreaterThan(0);
      expect(ofB.items.length, url).toBeGreaterThan(0);
      const idsOfB = new Set(ofB.items.map(({ id }) => id));
      expect(ofA.items.filter(({ id }) => idsOfB.has(id))).toEqual([]);
      for (const { id } of ofB.items) await expectHidden(url, id);
    }
  });

  async function expectHidden(list: string, id: string): Promise<void> {
    const urls = list.endsWith('/documents') ? [`${list}/${id}`, `${list}/${id}/text`] : [`${list}/${id}`];
    for (const url of urls) {
      const read = await app.call('GET', url);
      expect([404, 405], url).toContain(read.status);
      expect(read.text).not.toContain(canaryB);
    }
    expect([404, 405]).toContain((await app.call('DELETE', `${list}/${id}`)).status);
  }

  test('a collection of the other cannot be searched, asked or written to', async () => {
    const collections = (await app.call('GET', '/api/v1/collections', { session: sessionB })).json as {
      items: { id: string }[];
    };
    const id = collections.items[0]?.id ?? '';
    expect((await app.call('GET', `/api/v1/search?query=pump&collection_id=${id}`)).status).toBe(404);
    const body = { message: question, collection_id: id };
    expect((await app.call('POST', '/api/v1/chat/message', { body })).status).toBe(404);
    const url = `/api/v1/documents?filename=a.md&collection_id=${id}`;
    expect((await app.call('POST', url, { body: Buffer.from('# A\n\nText.') })).status).toBe(404);
  });

  test('a conversation of the other cannot be continued', async () => {
    const conversations = (await app.call('GET', '/api/v1/chat/conversations', { session: sessionB })).json as {
      items: { id: string }[];
    };
    const body = { message: question, conversation_id: conversations.items[0]?.id };
    const reply = await app.call('POST', '/api/v1/chat/message', { body });
    expect(reply.status).toBe(404);
    expect(reply.text).not.toContain(canaryB);
  });
});

describe('with every WHERE clause taken out', () => {
  async function tenantTables(): Promise<string[]> {
    const rows = await app.testDatabase.adminSql<{ name: string }>(`
      select table_name as name from information_schema.columns
      join information_schema.tables using (table_schema, table_name)
      where table_schema = 'public' and column_name = 'organization_id' and table_type = 'BASE TABLE'
      order by 1`);
    return rows.map(({ name }) => name);
  }

  test('each tenant table in the catalogue shows the rows of one organization only', async () => {
    const tables = await tenantTables();
    expect(tables.length).toBeGreaterThanOrEqual(11);
    let rowsOfOthers = 0;
    let tablesWithBoth = 0;
    for (const table of tables) {
      const all = await app.testDatabase.adminSql<{ organization_id: string }>(`select organization_id from ${table}`);
      if (new Set(all.map((row) => row.organization_id)).size > 1) tablesWithBoth += 1;
      for (const organizationId of [app.organization.id, organizationB]) {
        const seen = await readWholeTable(organizationId, table);
        rowsOfOthers += seen.filter((id) => id !== organizationId).length;
      }
    }
    expect({ rowsOfOthers, tables: tables.length }).toEqual({ rowsOfOthers: 0, tables: tables.length });
    // The test would prove nothing on empty tables.
    expect(tablesWithBoth).toBeGreaterThanOrEqual(9);
  });

  test('nothing can be written into another organization', async () => {
    const database = app.testDatabase.database.withTables<{ corpus_collections: Record<string, unknown> }>();
    const values = { organization_id: organizationB, id: crypto.randomUUID(), name: 'smuggled' };
    const write = database.inOrganization(app.organization.id, (transaction) =>
      transaction.insertInto('corpus_collections').values(values).execute(),
    );
    await expect(write).rejects.toThrow(/row-level security/);
    await database.inOrganization(app.organization.id, async (transaction) => {
      const changed = await transaction.updateTable('corpus_collections').set({ name: 'mine' }).executeTakeFirst();
      expect(changed.numUpdatedRows).toBe(1n);
      const names = await transaction.selectFrom('corpus_collections').select('name').execute();
      expect(names).toEqual([{ name: 'mine' }]);
    });
  });

  /** Monthly partitions refuse direct reading altogether; that counts as showing nothing. */
  async function readWholeTable(organizationId: string, table: string): Promise<string[]> {
    const database = app.testDatabase.database.withTables<Record<string, { organization_id: string }>>();
    try {
      const rows = await database.inOrganization(organizationId, (transaction) =>
        transaction.selectFrom(table).select('organization_id').execute(),
      );
      return rows.map((row) => String(row.organization_id));
    } catch (error) {
      expect(String((error as Error).message)).toMatch(/permission denied|refused/i);
      return [];
    }
  }
});
