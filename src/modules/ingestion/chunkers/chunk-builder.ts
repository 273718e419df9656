/** Puts pieces into chunks: as many as fit, with what is repeated of the chunk before. */
import type { Piece } from './cut-pieces.ts';

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

/** A piece with where it stands. */
export type PlacedPiece = Piece & {
  path: string[];
  page: number | undefined;
  isHeading: boolean;
  /** Start of the block that it is from. */
  block: number;
};

export type ChunkBuilder = {
  /** Of the open chunk. */
  readonly tokens: number;
  /** Adds a piece; what does not fit with it becomes a chunk first. */
  add(piece: PlacedPiece): Chunk[];
  /** Ends the open chunk, unless it holds headings alone: these wait for what they stand above. */
  flush(): Chunk[];
  /** The same in the middle of a run: the next chunk repeats the end of this one. */
  close(): Chunk[];
  /** The last chunk. */
  finish(): Chunk[];
};

export function createChunkBuilder(
  text: string,
  { maxTokens, overlapTokens }: { maxTokens: number; overlapTokens: number },
): ChunkBuilder {
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
  const isHeadingsOnly = (): boolean => open.every(({ isHeading }) => isHeading);

  return {
    get tokens() {
      return tokens;
    },
    add(piece) {
      const last = open.at(-1);
      const done: Chunk[] = [];
      const isApart = last !== undefined && /\S/.test(text.slice(last.end, piece.start));
      if (isApart) done.push(...flush([]));
      else if (tokens + piece.tokens > maxTokens) done.push(...flush(lastPieces(open, overlapTokens)));
      if (tokens + piece.tokens > maxTokens) restart(lastPieces(open, maxTokens - piece.tokens));
      open.push(piece);
      tokens += piece.tokens;
      fresh += 1;
      return done;
    },
    flush: () => (isHeadingsOnly() ? [] : flush([])),
    close: () => (fresh === 0 || isHeadingsOnly() ? [] : flush(lastPieces(open, overlapTokens))),
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
