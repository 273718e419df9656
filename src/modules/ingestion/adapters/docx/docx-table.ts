/** The grid of a Word table: a merged cell stands in every place that it covers. */
import { childOf, isElement, type XmlElement } from '../office/read-xml.ts';

export type Cell = { readonly element: XmlElement };
export type Table = { rows: Cell[][]; columns: number };

/** Word itself allows 63 columns. */
const maxColumns = 200;

export function readTable(table: XmlElement): Table {
  const rows: Cell[][] = [];
  let columns = 0;
  for (const row of elementsIn(table, 'w:tr')) {
    if (childOf(childOf(row, 'w:trPr'), 'w:del') !== undefined) continue;
    const cells = readRow(row, rows.at(-1));
    columns = Math.max(columns, cells.length);
    rows.push(cells);
  }
  return { rows, columns };
}

const empty: Cell = { element: { name: 'w:tc', attributes: {}, children: [] } };

function readRow(row: XmlElement, above: readonly Cell[] | undefined): Cell[] {
  const cells: Cell[] = [];
  const fill = (count: number, cell: Cell): void => {
    for (let index = 0; index < count && cells.length < maxColumns; index += 1) cells.push(cell);
  };
  fill(numberIn(childOf(row, 'w:trPr'), 'w:gridBefore', 0), empty);
  for (const element of elementsIn(row, 'w:tc')) {
    const properties = childOf(element, 'w:tcPr');
    const span = Math.max(1, numberIn(properties, 'w:gridSpan', 1));
    const merge = childOf(properties, 'w:vMerge');
    const continues = merge !== undefined && merge.attributes['w:val'] !== 'restart';
    const follows = childOf(properties, 'w:hMerge')?.attributes['w:val'] === 'continue';
    if (continues) fill(span, above?.[cells.length] ?? empty);
    else if (follows) fill(span, cells.at(-1) ?? empty);
    else fill(span, { element });
  }
  return cells;
}

function numberIn(properties: XmlElement | undefined, name: string, otherwise: number): number {
  const number = Number.parseInt(childOf(properties, name)?.attributes['w:val'] ?? '', 10);
  return Number.isNaN(number) ? otherwise : number;
}

const wrappers = new Set(['w:sdt', 'w:sdtContent', 'w:customXml', 'w:ins', 'w:moveTo']);

/** Rows of a table and cells of a row, also when a content control wraps them. */
function elementsIn(parent: XmlElement, name: string, found: XmlElement[] = []): XmlElement[] {
  for (const child of parent.children) {
    if (!isElement(child)) continue;
    if (child.name === name) found.push(child);
    else if (wrappers.has(child.name)) elementsIn(child, name, found);
  }
  return found;
}
