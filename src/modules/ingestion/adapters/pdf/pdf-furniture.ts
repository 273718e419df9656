/** Headers, footers and page numbers: what stands in the margin of many pages is read once, not once a page. */
import type { PdfLine } from './pdf-lines.ts';

/** Share of the page's height that is margin, at the top and at the bottom. */
const marginShare = 0.09;
const fewestPages = 3;
/** Share of the pages from which a repeated line is furniture. */
const leastShare = 0.4;

const pageNumber =
  /^\W{0,5}(?:page|seite|página|p\.)?\s{0,3}(?:#|[ivxlc]{1,6})(?:\s{0,3}(?:of|von|de|\/)\s{0,3}#)?\W{0,5}$/i;

export function withoutFurniture(lines: readonly PdfLine[], pages: number): PdfLine[] {
  const margins = lines.filter(({ height }) => height < marginShare || height > 1 - marginShare);
  const pagesOf = new Map<string, Set<number>>();
  for (const line of margins) {
    const seen = pagesOf.get(keyOf(line)) ?? new Set();
    pagesOf.set(keyOf(line), seen.add(line.page));
  }
  const isRepeated = (key: string): boolean => {
    const count = pagesOf.get(key)?.size ?? 0;
    return count >= fewestPages && count >= pages * leastShare;
  };
  const inMargin = new Set(margins);
  const read = new Set<string>();
  return lines.filter((line) => {
    if (!inMargin.has(line)) return true;
    const key = keyOf(line);
    if (!isRepeated(key)) return true;
    if (pageNumber.test(key) || read.has(key)) return false;
    read.add(key);
    return true;
  });
}

/** The same but for its numbers. */
function keyOf({ cells }: PdfLine): string {
  const text = cells.map((cell) => cell.text).join(' ');
  return text.slice(0, 200).replaceAll(/\d+/g, '#');
}
