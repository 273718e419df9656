import { toHeadingTitle } from '../parsing/document-title.ts';
import type { Block } from '../ports.ts';

const deepestPath = 8;

export type HeadingPath = { path(): string[]; enter(heading: Block): void };

/** Follows the headings of a text: under which ones, outermost first, does it stand now. */
export function createHeadingPath(text: string): HeadingPath {
  let open: { level: number; title: string }[] = [];
  let path: string[] = [];
  return {
    path: () => path,
    enter({ start, end, level = 1 }) {
      const title = toHeadingTitle(text.slice(start, end));
      open = [...open.filter((heading) => heading.level < level), { level, title }].slice(0, deepestPath);
      path = open.map((heading) => heading.title).filter((name) => name !== '');
    },
  };
}
