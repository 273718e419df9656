/** One row of a Markdown table: cells on one line, bars inside of them escaped. */
export function toMarkdownRow(cells: readonly string[]): string {
  return `| ${cells.map(toMarkdownCell).join(' | ')} |`;
}

function toMarkdownCell(cell: string): string {
  return cell.replaceAll(/\s+/g, ' ').trim().replaceAll('|', '\\|');
}

/** The first row is the head. Rows may be shorter than it. */
export function toMarkdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [toMarkdownRow(head), `|${' --- |'.repeat(Math.max(1, head.length))}`, ...body.map(toMarkdownRow)].join('\n');
}
