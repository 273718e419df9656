/**
 * Keeps the links from duplicates to their originals true while documents come, change and go. In one collection, in
 * the order in which documents were made: a document is an original if no older original is the same text, else a
 * duplicate of the oldest one found. Only originals can be found, so no link leads to a duplicate, and which documents
 * are originals does not depend on the order of the writes. The caller holds the collection's lock.
 */
import type { CorpusTransaction } from '../store.ts';
import { type Compared, createComparer, type Match, toCompared, toSignatureBytes } from './compare-documents.ts';
import { createOriginals, type Originals } from './originals.ts';
import {
  deleteBands,
  findOriginals,
  insertBands,
  linkDuplicates,
  releaseDuplicates,
  relinkCopies,
  replaceSignatures,
  type SettledRow,
} from './store.ts';

/** Documents whose originals are looked up in one statement. */
const documentsPerLookup = 200;
/**
 * Most different texts that one call compares again because their original went. Duplicates beyond stay without a link,
 * and are compared when they are next written.
 */
const mostReleased = 5000;

export type Settlement = {
  /** Documents that were written just now; they have no link. */
  written: readonly Compared[];
  /** Documents that had another text until now, or that will be deleted in this transaction, which are not in `written`. */
  ended: readonly string[];
  /** The texts that are in memory, by document. */
  texts: ReadonlyMap<string, string>;
};

type Place = { organizationId: string; collectionId: string };

export async function settleDuplicates(
  transaction: CorpusTransaction,
  place: Place,
  { written, ended, texts }: Settlement,
): Promise<void> {
  const compare = createComparer(transaction, texts);
  const settled = new Set(written.map(({ id }) => id));
  const gone = ended.filter((id) => !settled.has(id));
  const former = new Set<string>();
  let left = mostReleased;
  let waiting = [...written];

  /** They are no originals any more: what was linked to them is settled again. */
  async function release(originalIds: readonly string[]): Promise<void> {
    if (originalIds.length === 0) return;
    for (const id of originalIds) former.add(id);
    const rows = await releaseDuplicates(transaction, { originalIds, except: gone, limit: left });
    left -= rows.length;
    waiting.push(...rows.map(toCompared));
  }

  if (ended.length > 0) await deleteBands(transaction, place.collectionId, ended);
  if (written.length > 0) await replaceSignatures(transaction, place.organizationId, written.map(toSigned));
  await release(ended);
  while (waiting.length > 0) {
    waiting.sort((one, other) => (one.id < other.id ? -1 : 1));
    const page = waiting.slice(0, documentsPerLookup);
    const originals = await lookUp(transaction, place, page, [...waiting.map(({ id }) => id), ...gone]);
    const { rows, demoted } = await settlePage(page, originals, compare);
    for (const { id } of rows) settled.add(id);
    waiting = waiting.slice(documentsPerLookup);
    await save(transaction, place, rows, demoted);
    await release(demoted);
  }
  if (former.size === 0) return;
  await relinkCopies(transaction, { originalIds: [...former], settledIds: [...settled], goneIds: gone });
}

const toSigned = ({ id, signature, bands }: Compared) => ({
  id,
  signature: signature === undefined ? undefined : toSignatureBytes(signature),
  bands: bands.map(String),
});

async function lookUp(
  transaction: CorpusTransaction,
  { collectionId }: Place,
  page: readonly Compared[],
  except: readonly string[],
): Promise<Originals> {
  const rows = await findOriginals(transaction, {
    collectionId,
    textHashes: [...new Set(page.flatMap(({ textHash }) => textHash ?? []))],
    bands: [...new Set(page.flatMap(({ bands }) => bands))].map(String),
    except,
  });
  const originals = createOriginals();
  for (const row of rows) originals.add(toCompared(row));
  return originals;
}

async function settlePage(
  page: readonly Compared[],
  originals: Originals,
  compare: (document: Compared, candidates: Iterable<Compared>) => Promise<Match[]>,
): Promise<{ rows: SettledRow[]; demoted: string[] }> {
  const settled = new Map<string, SettledRow>();
  const demoted: string[] = [];
  for (const document of page) {
    const matches = await compare(document, originals.alike(document));
    const older = matches.filter(({ original }) => original.id < document.id).sort(byAge)[0];
    settled.set(document.id, toSettled(document.id, older));
    if (older !== undefined) continue;
    for (const { original, similarity } of matches) {
      originals.remove(original);
      settled.set(original.id, { id: original.id, originalId: document.id, similarity });
      demoted.push(original.id);
    }
    originals.add(document);
  }
  return { rows: [...settled.values()], demoted };
}

async function save(
  transaction: CorpusTransaction,
  place: Place,
  rows: readonly SettledRow[],
  demoted: readonly string[],
): Promise<void> {
  if (demoted.length > 0) await deleteBands(transaction, place.collectionId, demoted);
  const links = rows.filter(({ originalId }) => originalId !== undefined);
  if (links.length > 0) await linkDuplicates(transaction, links);
  const originals = rows.filter(({ originalId }) => originalId === undefined);
  if (originals.length > 0)
    await insertBands(
      transaction,
      place,
      originals.map(({ id }) => id),
    );
}

const byAge = (left: Match, right: Match) => (left.original.id < right.original.id ? -1 : 1);

function toSettled(id: string, match: Match | undefined): SettledRow {
  return { id, originalId: match?.original.id, similarity: match?.similarity };
}
