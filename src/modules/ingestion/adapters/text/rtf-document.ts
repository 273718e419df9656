/** Collects what RTF shows: paragraphs with their outline level, and rows of cells. */
export type RtfPart = { kind: 'paragraph'; text: string; level: number | undefined } | { kind: 'row'; cells: string[] };

export function createRtfDocument() {
  const parts: RtfPart[] = [];
  let text: string[] = [];
  let cells: string[] = [];
  let level: number | undefined;
  let isInTable = false;

  const takeText = (): string => {
    const taken = text
      .join('')
      .replaceAll(/[^\S\n]+/g, ' ')
      .trim();
    text = [];
    return taken;
  };
  const endParagraph = (): void => {
    if (isInTable) {
      text.push(' ');
      return;
    }
    const taken = takeText();
    if (taken !== '') parts.push({ kind: 'paragraph', text: taken, level });
  };
  const endRow = (): void => {
    const rest = takeText();
    if (rest !== '') cells.push(rest);
    if (cells.some((cell) => cell !== '')) parts.push({ kind: 'row', cells });
    cells = [];
    isInTable = false;
  };
  return {
    put: (piece: string): number => text.push(piece),
    endParagraph,
    endCell: (): number => cells.push(takeText()),
    endRow,
    enterTable(): void {
      isInTable = true;
    },
    /** A new paragraph: no table, no heading until it says so. */
    resetParagraph(): void {
      isInTable = false;
      level = undefined;
    },
    /** From 0; anything from 6 on is body text. */
    setOutlineLevel(value: number): void {
      level = value >= 0 && value < 6 ? value + 1 : undefined;
    },
    end(): RtfPart[] {
      endParagraph();
      endRow();
      return parts;
    },
  };
}
