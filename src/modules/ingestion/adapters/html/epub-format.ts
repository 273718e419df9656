import { AppError } from '#platform/errors.ts';
import { decodeText } from '../../parsing/decode-text.ts';
import { createTextBuilder } from '../../parsing/text-builder.ts';
import type { Format } from '../../ports.ts';
import { resolveTarget, toOwnTitle } from '../office/office-package.ts';
import { childOf, childrenOf, findAllXml, findXml, readXml, type XmlElement, xmlText } from '../office/read-xml.ts';
import { damaged, encrypted, openZip, type Zip } from '../office/read-zip.ts';
import { writeHtmlAsMarkdown } from './html-to-markdown.ts';
import { attributeOf, type ElementNode, findElement, type HtmlNode, parseHtml } from './html-tree.ts';

/** E-books: the chapters in the order of the book, each as HTML is read; without the table of contents. */
export const epubFormat: Format = {
  name: 'epub',
  version: 1,
  extensions: ['epub'],
  mediaTypes: ['application/epub+zip'],
  async parse(bytes) {
    const zip = await openZip(bytes);
    const packagePart = await findPackage(zip);
    const book = await readXml(zip.stream(packagePart));
    const chapters = listChapters(book, packagePart);
    await refuseEncrypted(zip, chapters);
    const builder = createTextBuilder();
    const warnings: string[] = [];
    for (const chapter of chapters) {
      const content = await zip.read(chapter);
      if (content === undefined) {
        warnings.push(`The chapter "${chapter.slice(0, 100)}" is missing in the file.`);
        continue;
      }
      const root = await parseHtml(toHtml(decodeText(content).text));
      const body = findElement(root, ({ nodeName }) => nodeName === 'body') ?? root;
      if (!isContents(body)) writeHtmlAsMarkdown(body, builder, { keepFurniture: true });
    }
    const { text, blocks } = builder.build();
    if (blocks.length === 0)
      throw new AppError('DOCUMENT_WITHOUT_TEXT', 'invalid', 'The book holds images and no text.');
    return { title: toOwnTitle(xmlText(findXml(book, 'dc:title'))), text, blocks, warnings };
  },
};

const maxChapters = 10_000;

async function findPackage(zip: Zip): Promise<string> {
  const container = await readXml(zip.stream('META-INF/container.xml'));
  const named = findXml(container, 'rootfile')?.attributes['full-path'];
  const part = named ?? zip.names.find((name) => name.endsWith('.opf'));
  if (part !== undefined && zip.has(part)) return part;
  throw damaged('The file has no package document: it is no e-book.');
}

function listChapters(book: XmlElement | undefined, part: string): string[] {
  const items = new Map(
    childrenOf(childOf(book, 'manifest'), 'item').map(({ attributes }) => [attributes.id ?? '', attributes]),
  );
  return childrenOf(childOf(book, 'spine'), 'itemref')
    .slice(0, maxChapters)
    .map(({ attributes }) => items.get(attributes.idref ?? ''))
    .filter((item) => item !== undefined)
    .filter((item) => /html/.test(item['media-type'] ?? '') && !/(?:^|\s)nav(?:\s|$)/.test(item.properties ?? ''))
    .map(({ href }) => resolveTarget(part, href ?? ''));
}

/** Fonts may be scrambled in a free book; chapters are so in a protected one. */
async function refuseEncrypted(zip: Zip, chapters: readonly string[]): Promise<void> {
  const root = await readXml(zip.stream('META-INF/encryption.xml'));
  const names = findAllXml(root, 'enc:CipherReference').concat(findAllXml(root, 'CipherReference'));
  const scrambled = new Set(names.map(({ attributes }) => resolveTarget('', attributes.URI ?? '')));
  if (chapters.some((chapter) => scrambled.has(chapter))) throw encrypted();
}

const voidElements = /^(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/i;
const longestTag = 4_000;

/** In XHTML any element may close itself; HTML would take the rest of the book for its content. */
function toHtml(source: string): string {
  const closed = new RegExp(`<([a-z][\\w:-]{0,60})((?:\\s[^<>]{0,${longestTag}})?)/>`, 'gi');
  return source
    .replace(/^\uFEFF?\s*<\?xml[^>]{0,200}\?>/, '')
    .replaceAll(closed, (tag: string, name: string, attributes: string) =>
      voidElements.test(name) ? tag : `<${name}${attributes}></${name}>`,
    );
}

/** A chapter that only lists the others. */
function isContents(body: HtmlNode): boolean {
  const isToc = (node: ElementNode): boolean =>
    node.nodeName === 'nav' && /(?:^|\s)(?:toc|landmarks|page-list)(?:\s|$)/.test(attributeOf(node, 'epub:type') ?? '');
  return findElement(body, isToc) !== undefined;
}
