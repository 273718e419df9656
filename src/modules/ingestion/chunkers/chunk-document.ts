/** Cuts a document into chunks. All six ways take the same steps: pieces, runs of pieces, chunks. Nothing is lost. */
import type { Block, ParsedDocument } from '../ports.ts';
import { chooseBreaks } from './choose-breaks.ts';
import { type Chunk, createChunkBuilder, type PlacedPiece } from './chunk-builder.ts';
import type { ChunkerName } from './chunker-names.ts';
import { cutPieces } from './cut-pieces.ts';
import { createHeadingPath } from './heading-path.ts';

export type { Chunk } from './chunk-builder.ts';

export type ChunkOptions = {
  /** Default `semantic`. */
  chunker?: ChunkerName | undefined;
  /** Most tokens in a chunk. */
  maxTokens: number;
  /** Most tokens repeated from the chunk before, in whole pieces. */
  overlapTokens: number;
  countTokens(text: string): number;
};

/** Raised when the same document gives other chunks. */
export const chunkerVersion = 3;

/** How one chunker differs from the others. Shares are of the most tokens in a chunk. */
type Plan = {
  /** What stays together if it fits: a section with its heading, a block, or nothing above a piece. */
  run: 'section' | 'block' | 'piece';
  /** When a run starts a chunk of its own. */
  standsApart(run: Run, openTokens: number, maxTokens: number): boolean;
  /** Chunks of a long run become equally long instead of full with a crumb at the end. */
  isEven: boolean;
  /** Most of a chunk that one piece fills, so that a heading and an overlap find room beside it. */
  pieceShare: number;
  leastOverlapShare: number;
  mostOverlapShare: number;
};

const doesNotFit: Plan['standsApart'] = (run, openTokens, maxTokens) => openTokens + run.tokens > maxTokens;
const inSections = {
  run: 'section',
  isEven: true,
  pieceShare: 0.75,
  leastOverlapShare: 0,
  mostOverlapShare: 0.25,
} as const;
const packed = { ...inSections, run: 'piece', isEven: false, standsApart: () => false } as const;

const plans: Readonly<Record<ChunkerName, Plan>> = {
  /** Sections stay together, small neighbours of one topic are merged. */
  semantic: { ...inSections, standsApart: (run, open, max) => run.isTopLevel || doesNotFit(run, open, max) },
  /** A chunk never holds two sections. */
  markdown: { ...inSections, standsApart: () => true },
  /** Full windows, cut between words wherever they end. */
  fixed: { ...packed, pieceShare: 1 / 16, mostOverlapShare: 0.5 },
  /** Windows of whole sentences, each beginning near the middle of the one before. */
  sliding: { ...packed, pieceShare: 1 / 4, leastOverlapShare: 0.5, mostOverlapShare: 0.75 },
  /** Whole sentences until a chunk is full. */
  sentence: packed,
  /** Whole paragraphs until a chunk is full; a longer one is cut evenly. */
  paragraph: { ...inSections, run: 'block', standsApart: doesNotFit },
};

/** Pieces of one section or block, or of a stretch of a long one. */
type Run = { pieces: PlacedPiece[]; tokens: number; isTopLevel: boolean; goesOn: boolean };

/** Stretches of long runs, in chunks: enough to even out their sizes, few enough for one short step. */
const runChunks = 8;

type Source = Pick<ParsedDocument, 'text' | 'blocks'>;

/** In order. Each step takes a few milliseconds at most, whatever the document, so that a caller can pause between. */
export function* chunkDocument(document: Source, options: ChunkOptions): Generator<Chunk> {
  const { maxTokens } = options;
  const plan = plans[options.chunker ?? 'semantic'];
  const builder = createChunkBuilder(document.text, { maxTokens, overlapTokens: overlapOf(plan, options) });
  for (const run of cutRuns(document, plan, options)) {
    if (!run.goesOn && plan.standsApart(run, builder.tokens, maxTokens)) yield* builder.flush();
    const breaks = plan.isEven ? chooseBreaks(run.pieces, { openTokens: builder.tokens, maxTokens }) : undefined;
    for (const [at, piece] of run.pieces.entries()) {
      if (breaks?.has(at)) yield* builder.close();
      yield* builder.add(piece);
    }
  }
  yield* builder.finish();
}

function overlapOf({ leastOverlapShare, mostOverlapShare }: Plan, { maxTokens, overlapTokens }: ChunkOptions): number {
  const least = Math.floor(maxTokens * leastOverlapShare);
  return Math.min(Math.max(overlapTokens, least), Math.floor(maxTokens * mostOverlapShare));
}

function* cutRuns(source: Source, plan: Plan, options: ChunkOptions): Generator<Run> {
  const topLevel = source.blocks.reduce((least, { level = 7 }) => Math.min(least, level), 7);
  let run = newRun(false);
  for (const { block, pieces, isFirst } of placePieces(source, plan, options)) {
    if (isFirst && startsRun(plan, block)) {
      if (run.pieces.length > 0) yield run;
      run = newRun(false, block.level === topLevel);
    }
    run.pieces.push(...pieces);
    run.tokens += pieces.reduce((sum, { tokens }) => sum + tokens, 0);
    if (run.tokens < runChunks * options.maxTokens) continue;
    yield run;
    run = newRun(true);
  }
  if (run.pieces.length > 0) yield run;
}

const newRun = (goesOn: boolean, isTopLevel = false): Run => ({ pieces: [], tokens: 0, isTopLevel, goesOn });

/** A few pieces of a block at a time, so that a long one is no long step. */
type Placed = { block: Block; pieces: PlacedPiece[]; isFirst: boolean };

function* placePieces({ text, blocks }: Source, plan: Plan, options: ChunkOptions): Generator<Placed> {
  const { countTokens } = options;
  const limits = { countTokens, maxTokens: Math.max(1, Math.floor(options.maxTokens * plan.pieceShare)) };
  const headings = createHeadingPath(text);
  for (const block of blocks) {
    const isHeading = block.kind === 'heading';
    if (isHeading) headings.enter(block);
    const place = { block: block.start, path: headings.path(), page: block.page, isHeading };
    let isFirst = true;
    for (const pieces of cutPieces(text, block, limits)) {
      yield { block, pieces: pieces.map((piece) => ({ ...piece, ...place })), isFirst };
      isFirst = false;
    }
  }
}

function startsRun({ run }: Plan, { kind }: Block): boolean {
  if (run === 'section') return kind === 'heading';
  return run === 'block';
}
