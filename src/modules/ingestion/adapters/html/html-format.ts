import { AppError } from '#platform/errors.ts';
import { isBlank } from '../../parsing/canonical-text.ts';
import { decodeByLabel, decodeText } from '../../parsing/decode-text.ts';
import { createTextBuilder } from '../../parsing/text-builder.ts';
import type { Format } from '../../ports.ts';
import { writeHtmlAsMarkdown } from './html-to-markdown.ts';
import { attributeOf, type ElementNode, findElement, type HtmlNode, parseHtml, textOf } from './html-tree.ts';

/** HTML: the main content as Markdown-like text; scripts, styles, navigation and what is hidden stay out. */
export const htmlFormat: Format = {
  name: 'html',
  version: 2,
  extensions: ['html', 'htm', 'xhtml'],
  mediaTypes: ['text/html', 'application/xhtml+xml'],
  async parse(bytes) {
    const { text: source, warnings } = decodeHtml(bytes);
    const root = await parseHtml(source);
    const titleElement = findElement(root, ({ nodeName }) => nodeName === 'title');
    const title = titleElement && textOf(titleElement);
    for (const { element, keepFurniture } of candidates(root)) {
      const builder = createTextBuilder();
      writeHtmlAsMarkdown(element, builder, { keepFurniture });
      const { text, blocks } = builder.build();
      if (isBlank(text)) continue;
      const heading = findElement(element, ({ nodeName }) => nodeName === 'h1');
      return { title: title?.trim() || (heading && textOf(heading)), text, blocks, warnings };
    }
    throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The page shows no text.');
  },
};

const isMain = (node: ElementNode): boolean => node.nodeName === 'main' || attributeOf(node, 'role') === 'main';

/** Where the content may be, best guess first: the next is only looked at when one shows nothing. */
function candidates(root: HtmlNode): { element: HtmlNode; keepFurniture: boolean }[] {
  const main = findElement(root, isMain);
  const body = findElement(root, ({ nodeName }) => nodeName === 'body') ?? root;
  const best = main === undefined ? [] : [{ element: main, keepFurniture: false }];
  return [...best, { element: body, keepFurniture: false }, { element: body, keepFurniture: true }];
}

const declarationBytes = 1_024;

/** A byte order mark wins, then what the page declares, then detection. */
function decodeHtml(bytes: Uint8Array): { text: string; warnings: string[] } {
  const start = new TextDecoder('windows-1252').decode(bytes.subarray(0, declarationBytes));
  const label = /<meta[^>]{0,200}charset\s*=\s*["']?([\w-]{1,40})/i.exec(start)?.[1];
  const marked = /^(?:ÿþ|þÿ|ï»¿)/.test(start);
  const declared = marked || label === undefined || /^utf-?16/i.test(label) ? undefined : decodeByLabel(bytes, label);
  return declared === undefined ? decodeText(bytes) : { text: declared, warnings: [] };
}
