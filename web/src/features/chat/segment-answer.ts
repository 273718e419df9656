import type { AnswerSentence, Source } from '#modules/chat/contract.ts';

export type Piece = { kind: 'text'; text: string } | { kind: 'citation'; source: Source; start: number; end: number };

export type Segment = { start: number; supported: boolean; pieces: Piece[] };

type Answer = { answer: string; sentences: AnswerSentence[]; sources: Source[] };

/**
 * Cuts an answer into sentences and their citations. Marks such as `[1]` become citations where they stand;
 * a citation that the text does not mark is put at the end of its sentence. No character is lost.
 */
export function segmentAnswer({ answer, sentences, sources }: Answer): Segment[] {
  const segments: Segment[] = [];
  let cursor = 0;
  const inOrder = sentences.filter((sentence) => sentence.start < sentence.end).sort((a, b) => a.start - b.start);
  for (const [index, sentence] of inOrder.entries()) {
    if (sentence.start < cursor) continue;
    const previous = inOrder[index - 1];
    pushGap(segments, { text: answer.slice(cursor, sentence.start), start: cursor, sentence: previous, sources });
    const until = inOrder[index + 1]?.start ?? answer.length;
    const pieces = toPieces(answer.slice(sentence.start, sentence.end), sentence, sources);
    const trailing = toPieces(answer.slice(sentence.end, until), sentence, sources);
    pieces.push(...unmarked(sentence, [...pieces, ...trailing], sources));
    segments.push({ start: sentence.start, supported: sentence.supported, pieces });
    cursor = sentence.end;
  }
  pushGap(segments, { text: answer.slice(cursor), start: cursor, sentence: inOrder.at(-1), sources });
  return segments;
}

/** While an answer streams in, a mark of which only `[1` has come is held back. */
export function withoutHalfMark(text: string): string {
  return text.replace(/\[\d*$/, '');
}

type Gap = { text: string; start: number; sentence: AnswerSentence | undefined; sources: Source[] };

function pushGap(segments: Segment[], { text, start, sentence, sources }: Gap): void {
  if (text !== '') segments.push({ start, supported: true, pieces: toPieces(text, sentence, sources) });
}

function toPieces(text: string, sentence: AnswerSentence | undefined, sources: Source[]): Piece[] {
  const pieces: Piece[] = [];
  let cursor = 0;
  for (const mark of text.matchAll(/ ?\[(\d{1,3}(?:, ?\d{1,3})*)\]/g)) {
    const cited = citationsOf(mark[1] ?? '', sentence, sources);
    if (cited === undefined) continue;
    if (mark.index > cursor) pieces.push({ kind: 'text', text: text.slice(cursor, mark.index) });
    pieces.push(...cited);
    cursor = mark.index + mark[0].length;
  }
  if (cursor < text.length) pieces.push({ kind: 'text', text: text.slice(cursor) });
  return pieces;
}

/** Undefined when one of the numbers is no source: then the brackets are part of the text. */
function citationsOf(numbers: string, sentence: AnswerSentence | undefined, sources: Source[]): Piece[] | undefined {
  const cited = numbers.split(',').map((number) => sources.find((source) => source.number === Number(number)));
  if (!cited.every((source) => source !== undefined)) return undefined;
  return cited.map((source) => toCitation(source, sentence));
}

/** The passage that supports the sentence, else the whole passage that was served. */
function toCitation(source: Source, sentence: AnswerSentence | undefined): Piece {
  const narrow = sentence?.citations.find((citation) => citation.source === source.number);
  return { kind: 'citation', source, start: narrow?.start ?? source.start, end: narrow?.end ?? source.end };
}

function unmarked(sentence: AnswerSentence, pieces: Piece[], sources: Source[]): Piece[] {
  const marked = new Set(pieces.flatMap((piece) => (piece.kind === 'citation' ? [piece.source.number] : [])));
  const missing = new Set(
    sentence.citations.map((citation) => citation.source).filter((number) => !marked.has(number)),
  );
  return sources.filter((source) => missing.has(source.number)).map((source) => toCitation(source, sentence));
}
