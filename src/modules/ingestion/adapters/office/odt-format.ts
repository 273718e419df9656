import type { Format } from '../../ports.ts';
import { toOdtInline, writeOdtBody } from './odt-body.ts';
import { readOdtListStyles } from './odt-lists.ts';
import { toOwnTitle } from './office-package.ts';
import { createOfficeWriter } from './office-writer.ts';
import { childOf, findAllXml, findXml, readXml, visitXml, type XmlElement, xmlText } from './read-xml.ts';
import { damaged, encrypted, openZip, type Zip } from './read-zip.ts';

/** OpenDocument text: headings, lists, tables, notes and comments in reading order. */
export const odtFormat: Format = {
  name: 'odt',
  version: 1,
  extensions: ['odt', 'ott'],
  mediaTypes: ['application/vnd.oasis.opendocument.text'],
  async parse(bytes) {
    const zip = await openZip(bytes);
    await refuseEncrypted(zip);
    if (!zip.has('content.xml')) throw damaged('The file has no part content.xml: it is no OpenDocument text.');
    const styles = await readXml(zip.stream('styles.xml'));
    const writer = createOfficeWriter();
    const automatic = await readAutomaticStyles(zip);
    const context = {
      writer,
      listStyles: readOdtListStyles([styles, automatic]),
      notes: [] as string[],
      titles: titleStyles([styles, automatic]),
    };
    await visitXml(zip.stream('content.xml'), {
      isPart: (name, parent) => parent === 'office:text' || name === 'office:automatic-styles',
      visit: (element) => writeOdtBody(element, context),
    });
    context.notes.forEach((note, index) => {
      writer.paragraph(`[^${index + 1}]: ${note}`);
    });
    writeMargins(styles, writer.paragraph);
    const meta = await readXml(zip.stream('meta.xml'));
    const { text, blocks } = writer.build();
    return { title: toOwnTitle(xmlText(findXml(meta, 'dc:title'))) ?? writer.mainHeading, text, blocks, warnings: [] };
  },
};

async function refuseEncrypted(zip: Zip): Promise<void> {
  const manifest = await readXml(zip.stream('META-INF/manifest.xml'));
  if (findXml(manifest, 'manifest:encryption-data') !== undefined) throw encrypted();
}

async function readAutomaticStyles(zip: Zip): Promise<XmlElement | undefined> {
  let found: XmlElement | undefined;
  await visitXml(zip.stream('content.xml'), {
    isPart: (name, parent) => name === 'office:automatic-styles' || parent === 'office:text',
    visit(element) {
      if (element.name === 'office:automatic-styles') found = element;
    },
  });
  return found;
}

/** Names of styles that are, or are made after, the title and the subtitle. */
function titleStyles(roots: readonly (XmlElement | undefined)[]): ReadonlyMap<string, number> {
  const levels = new Map([
    ['Title', 1],
    ['Subtitle', 2],
  ]);
  for (const style of roots.flatMap((root) => findAllXml(root, 'style:style'))) {
    const level = levels.get(style.attributes['style:parent-style-name'] ?? '');
    if (level !== undefined) levels.set(style.attributes['style:name'] ?? '', level);
  }
  return levels;
}

const margins = new Set([
  'style:header',
  'style:footer',
  'style:header-first',
  'style:footer-first',
  'style:header-left',
  'style:footer-left',
]);

/** Each text of a header or footer once. */
function writeMargins(styles: XmlElement | undefined, write: (text: string) => void): void {
  const seen = new Set<string>();
  for (const page of findAllXml(childOf(styles, 'office:master-styles'), 'style:master-page')) {
    for (const child of page.children) {
      if (typeof child === 'string' || !margins.has(child.name)) continue;
      const text = findAllXml(child, 'text:p')
        .map((paragraph) => toOdtInline(paragraph))
        .join(' ')
        .trim();
      if (seen.has(text) || !/[\p{L}\p{N}]/u.test(text)) continue;
      seen.add(text);
      write(text);
    }
  }
}
