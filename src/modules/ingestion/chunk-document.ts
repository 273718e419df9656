/** Cuts a document into chunks along its structure: sections stay together, small neighbours are merged, nothing is lost. */
import { cutPieces, type Piece } from './cut-pieces.ts';
import { toHeadingTitle } from './document-title.ts';
import type { Block, ParsedDocument } from './ports.ts';

export type Chunk = {
  /** First UTF-16 code unit; `text === document.text.slice(start, end)`. */
  start: number;
  end: number;
  text: string;
  /** Headings that all of the chunk stands under, outermost first. */
  headingPath: string[];
  page: number | undefined;
  tokens: number;
};

export type ChunkOptions = {
  /** Most tokens in a chunk. */
  maxTokens: number;
  /** Most tokens repeated from the chunk before, in whole sentences. */
  overlapTokens: number;
  countTokens(text: string): number;
};

/** Raised when the same document gives other chunks. */
export const chunkerVersion = 1;

type PlacedPiece = Piece & { path: string[]; page: number | undefined; isHeading: boolean };

/** Pieces of one section, or of a stretch of a long one. */
type Run = { pieces: PlacedPiece[]; tokens: number; isTopLevel: boolean; goesOn: boolean };

/** A piece may fill this share of a chunk, so that a heading and an overlap find room beside it. */
const pieceShare = 0.75;
const overlapShare = 0.25;
/** Stretches of long sections, in tokens: enough to even out chunk sizes, few enough for one short step. */
const runChunks = 8;

/** In order. Each step takes a few milliseconds at most, whatever the document, so that a caller can pause between. */
export function* chunkDocument(
  document: Pick<ParsedDocument, 'text' | 'blocks'>,
  options: ChunkOptions,
): Generator<Chunk> {
  const { maxTokens } = options;
  const builder = createChunkBuilder(document.text, options);
  for (const run of cutRuns(document, options)) {
    const standsApart = run.isTopLevel || builder.tokens + run.tokens > maxTokens;
    if (!run.goesOn && standsApart) yield* builder.flush();
    const total = builder.tokens + run.tokens;
    const goal = Math.ceil(total / Math.ceil(total / maxTokens));
    for (const piece of run.pieces) yield* builder.add(piece, goal);
  }
  yield* builder.finish();
}

function* cutRuns({ text, blocks }: Pick<ParsedDocument, 'text' | 'blocks'>, options: ChunkOptions): Generator<Run> {
  const { maxTokens, countTokens } = options;
  const limits = { countTokens, maxTokens: Math.floor(maxTokens * pieceShare) };
  const topLevel = blocks.reduce((least, { level = 7 }) => Math.min(least, level), 7);
  const headings = createHeadingPath(text);
  const newRun = (start: Pick<Run, 'isTopLevel' | 'goesOn'>): Run => ({ pieces: [], tokens: 0, ...start });
  let run = newRun({ isTopLevel: false, goesOn: false });
  for (const block of blocks) {
    const isHeading = block.kind === 'heading';
    if (isHeading) {
      if (run.pieces.length > 0) yield run;
      run = newRun({ isTopLevel: block.level === topLevel, goesOn: false });
      headings.enter(block);
    }
    for (const pieces of cutPieces(text, block, limits)) {
      for (const piece of pieces) run.pieces.push({ ...piece, path: headings.path(), page: block.page, isHeading });
      run.tokens += pieces.reduce((sum, { tokens }) => sum + tokens, 0);
      if (run.tokens < runChunks * maxTokens) continue;
      yield run;
      run = newRun({ isTopLevel: false, goesOn: true });
    }
  }
  if (run.pieces.length > 0) yield run;
}

const deepestPath = 8;

function createHeadingPath(text: string) {
  let open: { level: number; title: string }[] = [];
  let path: string[] = [];
  return {
    path: () => path,
    enter({ start, end, level = 1 }: Block): void {
      const title = toHeadingTitle(text.slice(start, end));
      open = [...open.filter((heading) => heading.level < level), { level, title }].slice(0, deepestPath);
      path = open.map((heading) => heading.title).filter((name) => name !== '');
    },
  };
}

function createChunkBuilder(text: string, { maxTokens, overlapTokens }: ChunkOptions) {
  const mostOverlap = Math.min(overlapTokens, Math.floor(maxTokens * overlapShare));
  let open: PlacedPiece[] = [];
  let tokens = 0;
  /** Pieces of `open` that no chunk holds yet. */
  let fresh = 0;

  const restart = (pieces: PlacedPiece[]): void => {
    open = pieces;
    tokens = sumTokens(pieces);
    fresh = 0;
  };
  const take = (): Chunk[] => (fresh === 0 ? [] : [toChunk(text, open, tokens)]);
  const flush = (overlap: PlacedPiece[]): Chunk[] => {
    const chunks = take();
    restart(overlap);
    return chunks;
  };
  /** Headings alone are no chunk: they wait for what they stand above. */
  const isHeadingsOnly = (): boolean => open.every(({ isHeading }) => isHeading);

  return {
    get tokens() {
      return tokens;
    },
    /** Adds a piece; what does not fit with it, or comes after `goal` tokens, becomes a chunk first. */
    add(piece: PlacedPiece, goal: number): Chunk[] {
      const last = open.at(-1);
      const done: Chunk[] = [];
      const isApart = last !== undefined && /\S/.test(text.slice(last.end, piece.start));
      if (isApart) done.push(...flush([]));
      else if (tokens + piece.tokens > maxTokens) done.push(...flush(lastPieces(open, mostOverlap)));
      else if (tokens >= goal && fresh > 0 && !isHeadingsOnly()) done.push(...flush(lastPieces(open, mostOverlap)));
      if (tokens + piece.tokens > maxTokens) restart([]);
      open.push(piece);
      tokens += piece.tokens;
      fresh += 1;
      return done;
    },
    flush: (): Chunk[] => (isHeadingsOnly() ? [] : flush([])),
    finish: take,
  };
}

/** Whole pieces from the end, without a heading, that a following chunk repeats. */
function lastPieces(pieces: readonly PlacedPiece[], mostTokens: number): PlacedPiece[] {
  let from = pieces.length;
  let tokens = 0;
  for (let index = pieces.length - 1; index > 0; index -= 1) {
    const piece = pieces[index];
    if (piece === undefined || piece.isHeading || tokens + piece.tokens > mostTokens) break;
    tokens += piece.tokens;
    from = index;
  }
  return pieces.slice(from);
}

function toChunk(text: string, pieces: readonly PlacedPiece[], tokens: number): Chunk {
  const first = pieces[0];
  const start = first?.start ?? 0;
  const end = pieces.at(-1)?.end ?? start;
  return { start, end, text: text.slice(start, end), headingPath: commonPath(pieces), page: first?.page, tokens };
}

function commonPath(pieces: readonly PlacedPiece[]): string[] {
  const bodies = pieces.filter(({ isHeading }) => !isHeading);
  const [first, ...others] = new Set((bodies.length > 0 ? bodies : pieces).map(({ path }) => path));
  if (first === undefined) return [];
  const shared = others.reduce((length, path) => {
    const different = first.slice(0, length).findIndex((title, index) => path[index] !== title);
    return different < 0 ? length : different;
  }, first.length);
  return first.slice(0, shared);
}

const sumTokens = (pieces: readonly Piece[]): number => pieces.reduce((sum, { tokens }) => sum + tokens, 0);
