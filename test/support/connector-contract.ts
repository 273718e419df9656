/** What every connector must do, whatever stands behind it. Called by the test of each. */
import { describe, expect, it } from 'vitest';
import type { Change, Connector, KnownDocuments } from '#modules/ingestion/service.ts';
import { isAppError } from '#platform/errors.ts';

export type ConnectorScene = {
  connector: Connector;
  /** As somebody would ask for the source. */
  settings: unknown;
  /** Settings that must be refused. */
  wrongSettings: unknown;
  /** Makes or replaces a document at the source and tells its external id; absent for sources that are pushed to. */
  write?(name: string, text: string): Promise<string>;
  remove?(name: string): Promise<void>;
  close(): Promise<void>;
};

/** A reader that keeps what it was told, as the store does. */
export function createReader(connector: Connector, settings: Record<string, unknown>) {
  const documents = new Map<string, string | undefined>();
  let cursor: unknown;
  const known: KnownDocuments = {
    async list(after, limit) {
      const ids = [...documents.keys()].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
      const next = ids.filter((id) => after === undefined || Buffer.compare(Buffer.from(id), Buffer.from(after)) > 0);
      return next.slice(0, limit).map((externalId) => ({ externalId, fingerprint: documents.get(externalId) }));
    },
  };
  const apply = (change: Change) => {
    if (change.kind === 'upsert') documents.set(change.document.externalId, change.document.fingerprint);
    else if (change.kind === 'delete') documents.delete(change.externalId);
    else cursor = change.cursor;
  };
  return {
    documents,
    /** Looks once, or gives up after `stopAfter` changes, keeping what came before the last checkpoint only. */
    async look({ stopAfter = Number.POSITIVE_INFINITY, signal = new AbortController().signal } = {}) {
      const told: Change[] = [];
      let waiting: Change[] = [];
      for await (const change of connector.changes(settings, cursor, signal, known)) {
        told.push(change);
        waiting.push(change);
        if (told.length >= stopAfter) break;
        if (change.kind !== 'checkpoint') continue;
        for (const one of waiting) apply(one);
        waiting = [];
      }
      return told.filter((change) => change.kind !== 'checkpoint');
    },
  };
}

export function describeConnector(name: string, openScene: () => Promise<ConnectorScene>): void {
  describe(`the connector ${name}`, () => {
    async function inScene(work: (scene: ConnectorScene, settings: Record<string, unknown>) => Promise<void>) {
      const scene = await openScene();
      try {
        await work(scene, await scene.connector.validate(scene.settings, { isOperator: true }));
      } finally {
        await scene.close();
      }
    }
    const signal = new AbortController().signal;

    it('has a kind of lower-case words', () =>
      inScene(async ({ connector }) => expect(connector.kind).toMatch(/^[a-z][a-z0-9-]{0,49}$/)));

    it('gives complete settings, which it takes again from JSON', () =>
      inScene(async ({ connector }, settings) => {
        const copied = JSON.parse(JSON.stringify(settings));
        for await (const _ of connector.changes(copied, undefined, signal)) void _;
      }));

    it('refuses wrong settings with the reason', () =>
      inScene(async ({ connector, wrongSettings }) => {
        const error = await connector.validate(wrongSettings).catch((caught: unknown) => caught);
        expect(isAppError(error, 'SOURCE_SETTINGS_INVALID', 'SOURCE_FOLDER_REFUSED'), String(error)).toBe(true);
      }));

    it('says of a document that was never there that it is gone or cannot be fetched', () =>
      inScene(async ({ connector }, settings) => {
        const error = await connector.fetch(settings, 'never.md', signal).catch((caught: unknown) => caught);
        expect(isAppError(error, 'SOURCE_DOCUMENT_GONE', 'SOURCE_FETCH_UNSUPPORTED'), String(error)).toBe(true);
      }));

    it('either takes pushes or tells each document once, its change, and its end', () =>
      inScene(async ({ connector, write, remove }, settings) => {
        const reader = createReader(connector, settings);
        if (connector.receive !== undefined || write === undefined || remove === undefined) {
          expect(connector.receive?.(settings, { externalId: 'a', filename: 'a.md' })).toMatchObject({
            externalId: 'a',
          });
          expect(await reader.look()).toEqual([]);
          return;
        }
        const [first, second] = [await write('first.md', 'one'), await write('second.md', 'two')];
        expect((await reader.look()).map(idOf).sort()).toEqual([first, second].sort());
        expect(await reader.look()).toEqual([]);
        await write('first.md', 'another text');
        expect((await reader.look()).map(idOf)).toEqual([first]);
        expect(Buffer.from(await connector.fetch(settings, first, signal)).toString()).toContain('another text');
        await remove('second.md');
        expect(await reader.look()).toEqual([{ kind: 'delete', externalId: second }]);
        expect([...reader.documents.keys()]).toEqual([first]);
      }));

    it('stops at the signal', () =>
      inScene(async ({ connector, write }, settings) => {
        if (write === undefined) return;
        await write('first.md', 'one');
        const stopped = AbortSignal.abort(new Error('stopped by the test'));
        const look = createReader(connector, settings).look({ signal: stopped });
        await expect(look).rejects.toThrow('stopped by the test');
      }));
  });
}

function idOf(change: Change): string {
  if (change.kind === 'upsert') return change.document.externalId;
  return change.kind === 'delete' ? change.externalId : '';
}
