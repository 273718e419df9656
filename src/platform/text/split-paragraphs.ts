/** Where a text breaks for certain: lines that layout, not a sentence, put apart. Knows plain text and Markdown. */

export type Span = { start: number; end: number };

type Line = Span & { kind: 'prose' | 'item' | 'quote' | 'alone' };

const fence = /^\s*(?:```|~~~)/;
const alone = /^(?: {0,3}#{1,6}(?:\s|$)|\s*\||\s*(?:-{3,}|={3,}|\*{3,}|_{3,})\s*$)/;
const item = /^\s*(?:[-*+•‣▪◦·–]|\d{1,9}[.)]|\(?[a-zA-Z]\)|\[\^?\w{1,20}\]:)\s/;
const quote = /^\s*>/;
const beginsLowerCase = /^\s*[\p{Ll},;)]/u;

/** Lines of at most this many characters are a list or a form when every line of their block is so short. */
const shortLine = 40;

/**
 * Pieces of text that no sentence crosses, in order. Blank lines, Markdown headings, table rows, list items, quotes and
 * lines of fenced code stand apart; wrapped lines of one paragraph stay together. Pieces may begin or end in white space.
 */
export function splitParagraphs(text: string): Span[] {
  const pieces: Span[] = [];
  let block: Line[] = [];
  let fenced = false;
  const closeBlock = (): void => {
    joinWrappedLines(text, block, pieces);
    block = [];
  };
  for (let start = 0; start < text.length; ) {
    const end = endOfLine(text, start);
    const line = text.slice(start, end);
    const isFence = fence.test(line);
    if (isFence) fenced = !fenced;
    if (line.trim() === '') closeBlock();
    else block.push({ start, end, kind: fenced || isFence ? 'alone' : kindOf(line) });
    start = end + 1;
  }
  closeBlock();
  return pieces;
}

function endOfLine(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x0a || code === 0x0c || code === 0x2028 || code === 0x2029) return at;
  }
  return text.length;
}

function kindOf(line: string): Line['kind'] {
  if (alone.test(line)) return 'alone';
  if (quote.test(line)) return 'quote';
  return item.test(line) ? 'item' : 'prose';
}

function joinWrappedLines(text: string, block: readonly Line[], pieces: Span[]): void {
  const width = block.reduce((widest, line) => Math.max(widest, line.end - line.start), 0);
  let open: Line | undefined;
  let previous: Line | undefined;
  for (const line of block) {
    if (open !== undefined && previous !== undefined && isWrapped(text, previous, line, width)) {
      open.end = line.end;
    } else {
      open = { ...line };
      pieces.push(open);
    }
    previous = line;
  }
}

/** True when `next` goes on with what `line` began: the break is the page's, not the writer's. */
function isWrapped(text: string, line: Line, next: Line, width: number): boolean {
  if (line.kind === 'alone' || next.kind === 'alone' || next.kind === 'item') return false;
  if (next.kind === 'quote') return line.kind === 'quote';
  const nextText = text.slice(next.start, next.end);
  if (beginsLowerCase.test(nextText)) return true;
  if (width <= shortLine) return false;
  // A wrap happens because the next word did not fit; where it would have fitted, the writer wanted the break.
  const firstWord = /^\s*\S*/.exec(nextText)?.[0].trim().length ?? 0;
  return line.end - line.start + 1 + firstWord > width * 0.8;
}
