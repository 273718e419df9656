/** What a piece of a document is to a reader who asked something. */
export type SentenceKind = 'prose' | 'fragment' | 'table' | 'code' | 'heading' | 'rubble';

const fence = /^\s*(?:```|~~~)/;
const codeLine =
  /^(?:\s{4,}\S|\s*(?:\$ |>>> |import |from \S+ import |def |class |return |const |let |@\w+))|[;{}]\s*$/;
const setextLine = /^\s*(?:-{3,}|={3,}|\*{3,}|_{3,})\s*$/;
const layoutLine = /^\s*(?:\/\/\/|!!!|\?\?\?|:::|\{[%{!*]|\[\^?\w{1,20}\]:|<\/?[a-z][^>]*>\s*$)/i;
const word = /[\p{L}\p{M}]{2,}/gu;
const finished = /[.!?。！？…:"”’)\]]\s*$/;
const fewestWords = 4;

/**
 * Prose answers best; a fragment is a list item or a short line; a heading only announces; rubble says nothing.
 * `fenced` tells that it stands inside fenced code.
 */
export function classifySentence(text: string, fenced: boolean): SentenceKind {
  const trimmed = text.trim();
  if (fence.test(trimmed) || setextLine.test(trimmed) || /^\|?[\s:|-]+\|?$/.test(trimmed)) return 'rubble';
  if (fenced) return 'code';
  if (/^#{1,6}\s/.test(trimmed)) return 'heading';
  if (layoutLine.test(trimmed)) return 'rubble';
  if (/^\|/.test(trimmed) || (trimmed.match(/ \| |\t/g) ?? []).length >= 2) return 'table';
  if (codeLine.test(text)) return 'code';
  const words = trimmed.match(word) ?? [];
  if (words.length < 2) return 'rubble';
  const letters = words.join('').length / trimmed.replace(/\s/g, '').length;
  if (letters < 0.5) return 'table';
  const introduces = /[:,;]\s*$/.test(trimmed) || /\?["”’)*_]*\s*$/.test(trimmed);
  return words.length < fewestWords || introduces || !finished.test(trimmed) ? 'fragment' : 'prose';
}

/** The stretches of a text that lie inside fenced code, as offsets; an open fence reaches to the end. */
export function fencedStretches(text: string): { start: number; end: number }[] {
  const stretches: { start: number; end: number }[] = [];
  let open: number | undefined;
  for (const match of text.matchAll(/^[ \t]*(?:```|~~~).*$/gm)) {
    if (open === undefined) open = match.index;
    else {
      stretches.push({ start: open, end: match.index + match[0].length });
      open = undefined;
    }
  }
  if (open !== undefined) stretches.push({ start: open, end: text.length });
  return stretches;
}
