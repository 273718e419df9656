/** Documents that come with their bytes. Those that come at once share a transaction, whatever their tasks. */
import { assert } from '#platform/errors.ts';
import { beforeCommitIn } from '#platform/postgres/before-commit.ts';
import type { AcceptedDocument } from '../service.ts';
import { gatherCalls } from '../stages/gather-calls.ts';
import type { IngestionTransaction } from '../store.ts';
import { type AcceptDependencies, type Accepted, accept } from './accept.ts';
import { endTasks, ensureUploadSource, insertTask } from './store.ts';

export type PushedDocument = {
  sourceId: string;
  /** Of a built-in source for uploads, which is made when it is missing; undefined for any other source. */
  uploads: { name: string; collectionId: string | undefined } | undefined;
  /** Undefined: a task of its own. */
  taskId: string | undefined;
  /** Its bytes are kept already. */
  document: AcceptedDocument;
};

export type Pushed = { taskId: string; itemId: string };

/** Throws what `accept` throws. */
export type PushDocument = (organizationId: string, pushed: PushedDocument) => Promise<Pushed>;

type Dependencies = AcceptDependencies & {
  inOrganization: <Result>(
    organizationId: string,
    work: (transaction: IngestionTransaction) => Promise<Result>,
  ) => Promise<Result>;
  forgetBlobs: (keys: readonly string[]) => Promise<void>;
};

const ownTask = { kind: 'upload', isSealed: true } as const;

export function createPush(dependencies: Dependencies): PushDocument {
  const { inOrganization, forgetBlobs, config } = dependencies;
  const pushTogether = async (organizationId: string, pushed: readonly PushedDocument[]) => {
    const groups = groupByTask(pushed);
    const accepted = await inOrganization(organizationId, async (transaction) => {
      await ensureSources(transaction, organizationId, pushed);
      const results: Answer[] = [];
      for (const group of groups) results.push(await acceptGroup(transaction, organizationId, group, dependencies));
      return results;
    });
    await forgetBlobs(accepted.flatMap(({ abandonedBlobs }) => abandonedBlobs));
    const answers = new Map(accepted.flatMap(({ answers: own }) => own));
    return pushed.map((one) => required(answers.get(one)));
  };
  const gather = gatherCalls(pushTogether, { most: config.batchDocuments });
  return async (organizationId, pushed) => {
    // What this request adds to its transactions must be in the one that accepts its document, and in no other's.
    if (beforeCommitIn(organizationId) !== undefined) {
      const [answer] = await pushTogether(organizationId, [pushed]);
      return required(answer);
    }
    const key = JSON.stringify([pushed.sourceId, pushed.document.externalId]);
    return gather({ organizationId, key, value: pushed });
  };
}

/** In the order of their sources, in which they are locked. Those without a task stay alone. */
function groupByTask(pushed: readonly PushedDocument[]): PushedDocument[][] {
  const groups = Map.groupBy(pushed, (one) =>
    one.taskId === undefined ? one : JSON.stringify([one.sourceId, one.taskId]),
  );
  const sourceOf = ([first]: PushedDocument[]): string => first?.sourceId ?? '';
  return [...groups.values()].sort((left, right) => (sourceOf(left) < sourceOf(right) ? -1 : 1));
}

async function ensureSources(
  transaction: IngestionTransaction,
  organizationId: string,
  pushed: readonly PushedDocument[],
): Promise<void> {
  const bySource = new Map(pushed.map(({ sourceId, uploads }) => [sourceId, uploads]));
  for (const [id, uploads] of [...bySource].sort(([left], [right]) => (left < right ? -1 : 1))) {
    if (uploads !== undefined) await ensureUploadSource(transaction, { organizationId, id, ...uploads });
  }
}

type Answer = Pick<Accepted, 'abandonedBlobs'> & { answers: [PushedDocument, Pushed][] };

/** They are of one source and one task. */
async function acceptGroup(
  transaction: IngestionTransaction,
  organizationId: string,
  group: readonly PushedDocument[],
  dependencies: AcceptDependencies,
): Promise<Answer> {
  const [first] = group;
  assert(first !== undefined, 'a group holds somebody');
  const { sourceId, taskId: given } = first;
  const taskId = given ?? dependencies.ids.next();
  const isOwnTask = given === undefined;
  if (isOwnTask) await insertTask(transaction, { ...ownTask, organizationId, id: taskId, sourceId });
  const documents = group.map(({ document }) => document);
  const acceptance = { sourceId, taskId, documents, removed: [], isOwnTask };
  const { items, accepted, abandonedBlobs } = await accept(transaction, organizationId, acceptance, dependencies);
  // Old news leaves nothing to do in its own task.
  if (isOwnTask && accepted === 0) await endTasks(transaction, [taskId]);
  const itemOf = new Map(items.map(({ externalId, itemId }) => [externalId, itemId]));
  const answers = group.map((one): [PushedDocument, Pushed] => {
    const itemId = required(itemOf.get(one.document.externalId));
    return [one, { taskId, itemId }];
  });
  return { answers, abandonedBlobs };
}

function required<Value>(value: Value | undefined): Value {
  assert(value !== undefined, 'each document that is accepted has its item');
  return value;
}
