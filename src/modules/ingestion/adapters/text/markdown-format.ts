import { toCanonicalText } from '../../parsing/canonical-text.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import { toHeadingTitle } from '../../parsing/document-title.ts';
import { scanMarkdown } from '../../parsing/scan-markdown.ts';
import type { Block, Format } from '../../ports.ts';

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
