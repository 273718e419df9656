/**
 * Who may use whom. The key's module may name the listed ones, by type and through their `index.ts`; `src/app` passes
 * the values. A new arrow is one word in this file and its reason in the commit that adds it. The rules that read this
 * map are in `.dependency-cruiser.mjs`; the proof that each of them fires is in `test/architecture.test.ts`.
 */
export const mayUse = {
  identity: [],
  gateway: ['identity'],
  corpus: ['identity'],
  ingestion: ['identity', 'gateway', 'corpus'],
  messaging: ['identity'],
  retrieval: ['identity', 'gateway', 'corpus'],
  grounding: ['identity', 'gateway'],
  chat: ['identity', 'gateway', 'retrieval', 'grounding'],
  evaluation: ['identity', 'gateway', 'retrieval'],
};

/**
 * Packages that only compute: the pure core may import them, everything else from npm stays in adapters and platform.
 * `tinyld` tells languages apart by tables of its own and opens neither file nor socket.
 */
export const purePackages = ['zod', 'tinyld'];
