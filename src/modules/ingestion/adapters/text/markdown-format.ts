import { toCanonicalText } from '../canonical-text.ts';
import { decodeText } from '../decode-text.ts';
import { toHeadingTitle } from '../document-title.ts';
import type { Block, Format } from '../ports.ts';
import { scanMarkdown } from '../scan-markdown.ts';

/** Markdown stays as the author wrote it; the scanner only says which lines are what. */
export const markdownFormat: Format = {
  name: 'markdown',
  version: 1,
  extensions: ['md', 'markdown', 'mdown', 'mkd'],
  mediaTypes: ['text/markdown'],
  parse(bytes) {
    const { text: decoded, warnings } = decodeText(bytes);
    const text = toCanonicalText(decoded);
    const { blocks, frontMatterTitle } = scanMarkdown(text);
    return { title: frontMatterTitle ?? titleOf(text, blocks), text, blocks, warnings };
  },
};

function titleOf(text: string, blocks: Block[]): string | undefined {
  const headings = blocks.filter(({ kind }) => kind === 'heading');
  const heading = headings.find(({ level }) => level === 1) ?? headings[0];
  return heading && (toHeadingTitle(text.slice(heading.start, heading.end)) || undefined);
}
