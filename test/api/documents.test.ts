/** The line through the product: a document in, found, asked, opened at its passage, changed, gone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChatReply } from '#modules/chat/contract.ts';
import type { DocumentText, UploadReply } from '#modules/corpus/contract.ts';
import type { SearchReply } from '#modules/retrieval/contract.ts';
import { openTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await openTestApp();
});
afterAll(() => app.close());

async function upload(filename: string, text: string | Buffer): Promise<UploadReply & { status: number }> {
  const url = `/api/v1/documents?filename=${encodeURIComponent(filename)}`;
  const reply = await app.call('POST', url, { body: Buffer.from(text) });
  return { ...(reply.json as UploadReply), status: reply.status };
}

async function search(query: string, position: string): Promise<SearchReply> {
  const url = `/api/v1/search?query=${encodeURIComponent(query)}&at_least=${encodeURIComponent(position)}`;
  const reply = await app.call('GET', url);
  expect(reply.status, reply.text).toBe(200);
  return reply.json as SearchReply;
}

test('nothing is found and nothing is known in an empty corpus', async () => {
  const found = await app.call('GET', '/api/v1/search?query=anything');
  expect(found.json).toMatchObject({ passages: [], missing_legs: [] });
  const asked = await app.call('POST', '/api/v1/chat/message', { body: { message: 'What is anything?' } });
  expect(asked.json).toMatchObject({ declined: true, sources: [] });
});

describe('one document', () => {
  const text =
    '# Lighthouse\n\n## Light\n\nThe lamp of the lighthouse turns once in twelve seconds. It can be seen from 21 miles.\n';
  let created: UploadReply & { status: number };

  test('is created, and the same bytes again change nothing', async () => {
    created = await upload('lighthouse.md', text);
    expect(created).toMatchObject({ status: 201, outcome: 'created', chunks: 1 });
    const again = await upload('lighthouse.md', text);
    expect(again).toMatchObject({ status: 200, outcome: 'unchanged', document_id: created.document_id });
  });

  test('is found with exact offsets', async () => {
    const found = await search('how often does the lamp turn', created.position);
    const [passage] = found.passages;
    expect(passage).toMatchObject({ document_id: created.document_id, title: 'Lighthouse' });
    const stored = await app.call('GET', `/api/v1/documents/${created.document_id}/text`);
    const whole = (stored.json as DocumentText).text;
    expect(whole.slice(passage?.start, passage?.end)).toBe(passage?.text);
  });

  test('answers a question with a citation that opens at the sentence', async () => {
    const body = { message: 'How often does the lamp of the lighthouse turn?', at_least: created.position };
    const reply = (await app.call('POST', '/api/v1/chat/message', { body })).json as ChatReply;
    expect(reply.declined).toBe(false);
    expect(reply.answer).toContain('twelve seconds');
    const citation = reply.sentences[0]?.citations[0];
    const source = reply.sources.find(({ number }) => number === citation?.source);
    const url = `/api/v1/documents/${source?.document_id}/text?start=${citation?.start}&end=${citation?.end}`;
    const opened = (await app.call('GET', url)).json as DocumentText;
    expect(opened.text).toContain('twelve seconds');
  });

  test('is replaced by a new version, and the old text is gone', async () => {
    const updated = await upload('lighthouse.md', text.replace('twelve', 'fifteen'));
    expect(updated).toMatchObject({ status: 200, outcome: 'updated', document_id: created.document_id });
    const found = await search('lamp lighthouse seconds', updated.position);
    expect(JSON.stringify(found)).toContain('fifteen');
    expect(JSON.stringify(found)).not.toContain('twelve');
  });

  test('is gone after its deletion, from lists and from answers', async () => {
    expect((await app.call('DELETE', `/api/v1/documents/${created.document_id}`)).status).toBe(204);
    expect((await app.call('GET', `/api/v1/documents/${created.document_id}`)).status).toBe(404);
    const found = await app.call('GET', '/api/v1/search?query=lamp%20lighthouse');
    expect(found.json).toMatchObject({ passages: [] });
    expect((await app.call('DELETE', `/api/v1/documents/${created.document_id}`)).status).toBe(404);
  });
});

test('sixteen senders of one document at the same time leave exactly one', async () => {
  const replies = await Promise.all(
    Array.from({ length: 16 }, (_, index) => upload('race.md', `# Race\n\nVersion ${index} of the text.`)),
  );
  expect(new Set(replies.map(({ document_id }) => document_id)).size).toBe(1);
  const rows = await app.testDatabase.adminSql(
    `select document.id, count(chunk.id)::int as chunks from corpus_documents document
     join corpus_chunks chunk on chunk.document_id = document.id where external_id = 'race.md' group by 1`,
  );
  expect(rows).toEqual([{ id: replies[0]?.document_id, chunks: 1 }]);
});

test('lists are paged newest first with a cursor that cannot be bent', async () => {
  for (let index = 0; index < 5; index += 1) await upload(`page-${index}.md`, `# Page ${index}\n\nText.`);
  type List = { items: { external_id: string }[]; next_cursor: string | null };
  const seen: string[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null && pages < 20; pages += 1) {
    const page: List = (await app.call('GET', `/api/v1/documents?limit=2${cursor && `&cursor=${cursor}`}`))
      .json as List;
    seen.push(...page.items.map(({ external_id }) => external_id));
    cursor = page.next_cursor;
  }
  expect(seen.slice(0, 5)).toEqual(['page-4.md', 'page-3.md', 'page-2.md', 'page-1.md', 'page-0.md']);
  expect(new Set(seen).size).toBe(seen.length);
  const first = (await app.call('GET', '/api/v1/documents?limit=2')).json as List;
  const bent = `${first.next_cursor?.slice(0, -2)}xx`;
  expect((await app.call('GET', `/api/v1/documents?limit=2&cursor=${bent}`)).json).toMatchObject({
    code: 'CURSOR_INVALID',
  });
  const elsewhere = await app.call('GET', `/api/v1/collections?cursor=${first.next_cursor}`);
  expect(elsewhere.status).toBe(400);
});

test('a collection is made once, and only an empty one is deleted', async () => {
  const made = await app.call('POST', '/api/v1/collections', { body: { name: 'manuals' } });
  expect(made.status).toBe(201);
  expect((await app.call('POST', '/api/v1/collections', { body: { name: 'manuals' } })).status).toBe(409);
  const { id } = made.json as { id: string };
  const url = `/api/v1/documents?filename=m.md&collection_id=${id}`;
  const { document_id, position } = (await app.call('POST', url, { body: Buffer.from('# Manual\n\nPress start.') }))
    .json as UploadReply;
  const found = await app.call('GET', `/api/v1/search?query=press&collection_id=${id}&at_least=${position}`);
  expect((found.json as SearchReply).passages).toHaveLength(1);
  expect((await app.call('DELETE', `/api/v1/collections/${id}`)).json).toMatchObject({ code: 'COLLECTION_NOT_EMPTY' });
  await app.call('DELETE', `/api/v1/documents/${document_id}`);
  expect((await app.call('DELETE', `/api/v1/collections/${id}`)).status).toBe(204);
});

describe('bad input', () => {
  const cases: [string, string, Buffer | string, number, string][] = [
    ['an unknown ending', 'a.xyz', 'text', 415, 'FORMAT_UNSUPPORTED'],
    ['an empty file', 'a.md', '', 400, 'DOCUMENT_EMPTY'],
    ['only white space', 'a.txt', ' \n\t\n', 400, 'DOCUMENT_EMPTY'],
    ['a truncated PDF', 'a.pdf', '%PDF-1.7\n1 0 obj\n<< /Type /Catalog', 400, 'DOCUMENT_DAMAGED'],
    [
      'bytes that are no text',
      'a.txt',
      Buffer.from([0x00, 0xff, 0xfe, 0x01, 0x80, 0x00, 0x9d, 0x8f]),
      400,
      'DOCUMENT_ENCODING',
    ],
  ];
  test.each(cases)('%s is refused with its reason and nothing is stored', async (_, name, bytes, status, code) => {
    const before = await app.testDatabase.adminSql('select count(*) from corpus_documents');
    const reply = await app.call('POST', `/api/v1/documents?filename=${name}`, { body: Buffer.from(bytes) });
    expect(reply.json).toMatchObject({ code, status });
    expect(await app.testDatabase.adminSql('select count(*) from corpus_documents')).toEqual(before);
  });

  test.each(['true', 'false'])('a collection that is not there is refused at once (wait=%s)', async (wait) => {
    const url = `/api/v1/documents?filename=a.md&collection_id=01890a5d-ac96-774b-bcce-b302099a8057&wait=${wait}`;
    const reply = await app.call('POST', url, { body: Buffer.from('# A\n\nText.') });
    expect(reply).toMatchObject({ status: 404, json: { code: 'COLLECTION_NOT_FOUND' } });
    const sources = await app.testDatabase.adminSql(
      `select id from ingestion_sources where collection_id = '01890a5d-ac96-774b-bcce-b302099a8057'`,
    );
    expect(sources).toEqual([]);
  });

  test('a query of 10,000 characters is refused with the limit', async () => {
    const long = 'a'.repeat(10_000);
    const found = await app.call('GET', `/api/v1/search?query=${long}`);
    expect(found.status).toBe(400);
    expect(found.text).toContain('2000');
    const asked = await app.call('POST', '/api/v1/chat/message', { body: { message: long } });
    expect(asked.status).toBe(400);
  });

  test('a position that is not ours is refused', async () => {
    expect((await app.call('GET', '/api/v1/search?query=a&at_least=nonsense')).status).toBe(400);
  });

  test('a position that has not come is refused as busy, not answered with less', async () => {
    const reply = await app.call('GET', '/api/v1/search?query=a&at_least=3w5e11264sgsf.AYkKXayWd0u8zrMCCZqAVw');
    expect(reply.json).toMatchObject({ code: 'SEARCH_BEHIND', status: 503 });
  });
});
