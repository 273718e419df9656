/** Small pieces of Markdown for the generated reference. */
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** A table; pipes and line breaks in cells are escaped. */
export function joinTable(head: string[], rows: string[][]): string {
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
