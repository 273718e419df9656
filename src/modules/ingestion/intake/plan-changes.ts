/** What each change at a source asks for, beside what is known of it. Pure. */
import type { AcceptedDocument } from '../service.ts';
import type { KnownItem } from './store.ts';
import type { Leaver } from './tally-leavers.ts';

export type ChangePlan = {
  /** `known` undefined: a new one. */
  upserts: { document: AcceptedDocument; known: KnownItem | undefined }[];
  removals: KnownItem[];
  /** Of which a newer version is known. */
  ignored: KnownItem[];
  /** Changes that ask for nothing. */
  oldNews: number;
  /** What leaves the task that it was in. */
  leavers: Leaver[];
  /** Pushed bytes that nobody waits for any more. */
  abandonedBlobs: string[];
};

/** `documents` and `removed` name each document once. */
export function planChanges(given: {
  documents: readonly AcceptedDocument[];
  removed: readonly string[];
  known: readonly KnownItem[];
}): ChangePlan {
  const known = new Map(given.known.map((item) => [item.externalId, item]));
  const plan: ChangePlan = { upserts: [], removals: [], ignored: [], oldNews: 0, leavers: [], abandonedBlobs: [] };
  for (const document of given.documents) planUpsert(plan, document, known.get(document.externalId));
  for (const externalId of given.removed) planRemoval(plan, known.get(externalId));
  return plan;
}

function planUpsert(plan: ChangePlan, document: AcceptedDocument, known: KnownItem | undefined): void {
  if (known !== undefined && isOldNews(document, known)) {
    plan.ignored.push(known);
    plan.oldNews += 1;
    if (document.blobKey !== undefined) plan.abandonedBlobs.push(document.blobKey);
    return;
  }
  plan.upserts.push({ document, known });
  if (known !== undefined) takeOver(plan, known, document.blobKey);
}

/** What a person deleted is known as long as its source has it, so its end there is still news. */
function planRemoval(plan: ChangePlan, known: KnownItem | undefined): void {
  if (known === undefined || (known.state === 'deleted' && known.change === 'delete')) {
    plan.oldNews += 1;
    return;
  }
  plan.removals.push(known);
  takeOver(plan, known);
}

function isOldNews({ version }: AcceptedDocument, { sourceVersion }: KnownItem): boolean {
  return version !== undefined && sourceVersion !== null && version < Number(sourceVersion);
}

/** `blobKey` is the same when a push comes again whose commit was not heard of. */
function takeOver(plan: ChangePlan, known: KnownItem, blobKey?: string): void {
  plan.leavers.push(known);
  if (known.blobKey !== null && known.blobKey !== blobKey) plan.abandonedBlobs.push(known.blobKey);
}
