/**
 * Reads XML of office files as small trees, one at a time, so that the memory is that of a paragraph and not that of the
 * file. No document type definition, no entities but the five of XML, no external anything.
 */
import type { SaxesParser } from 'saxes';
import { AppError } from '#platform/errors.ts';
import { damaged } from './read-zip.ts';

export type XmlElement = {
  /** With the customary prefix of its namespace, `w:p`, whatever prefix the file uses; a main namespace has none. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlNode[];
};

export type XmlNode = XmlElement | string;

export type XmlVisitor = {
  /** True for an element that is wanted as a whole tree. Asked outside of such trees only. */
  isPart(name: string, parent: string | undefined): boolean;
  visit(element: XmlElement): void;
  /** An element outside of parts, with its attributes and without its content. */
  enter?(name: string, attributes: Readonly<Record<string, string>>): void;
  leave?(name: string): void;
};

const maxDepth = 300;
/** Nodes and characters of one tree; a table of a million cells has about ten million. */
const maxPartNodes = 3_000_000;
const maxPartCharacters = 60_000_000;
const maxAttributes = 500;

/** Walks a file once; one that is absent has nothing to visit. Throws DOCUMENT_DAMAGED. */
export async function visitXml(pieces: AsyncIterable<Uint8Array>, visitor: XmlVisitor): Promise<void> {
  const { SaxesParser: Parser } = await import('saxes');
  const parser: SaxesParser = new Parser({ xmlns: false, position: false });
  listen(parser, visitor);
  const decode = createDecoder();
  let isAbsent = true;
  try {
    for await (const piece of pieces) {
      isAbsent = false;
      parser.write(decode(piece));
    }
    if (!isAbsent) parser.close();
  } catch (cause) {
    throw cause instanceof AppError ? cause : damaged('A part of the file is no well-formed XML.', cause);
  }
}

/** The whole file as one tree; undefined when it is absent or empty. */
export async function readXml(pieces: AsyncIterable<Uint8Array>): Promise<XmlElement | undefined> {
  let root: XmlElement | undefined;
  await visitXml(pieces, {
    isPart: () => true,
    visit(element) {
      root = element;
    },
  });
  return root;
}

function createDecoder(): (piece: Uint8Array) => string {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  return (piece) => {
    decoder ??= new TextDecoder(encodingOf(piece), { fatal: true });
    return decoder.decode(piece, { stream: true });
  };
}

function encodingOf(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  const declaration = Buffer.from(start.subarray(0, 200)).toString('latin1');
  return /^\s*<\?xml[^>]*encoding\s*=\s*["']([\w-]{1,40})/.exec(declaration)?.[1] ?? 'utf-8';
}

function listen(parser: SaxesParser, visitor: XmlVisitor): void {
  const names = createNames();
  const outer: string[] = [];
  const open: XmlElement[] = [];
  let nodes = 0;
  let characters = 0;
  const addText = (text: string): void => {
    const parent = open.at(-1);
    if (parent === undefined) return;
    characters += text.length;
    nodes += 1;
    if (characters > maxPartCharacters) throw damaged('One element of the file holds too much text.');
    parent.children.push(text);
  };
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('doctype', (type) => {
    if (type.includes('[') || /<!ENTITY/i.test(type))
      throw damaged('The file declares XML entities, which are not read.');
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('opentag', (tag) => {
    const raw = tag.attributes as Record<string, string>;
    names.declare(raw);
    const name = names.canonical(tag.name);
    const attributes = names.canonicalAttributes(raw);
    if (outer.length + open.length >= maxDepth) throw damaged(`The file nests more than ${maxDepth} elements.`);
    nodes += 1;
    if (nodes > maxPartNodes) throw damaged('One element of the file holds too many others.');
    const element: XmlElement = { name, attributes, children: [] };
    const parent = open.at(-1);
    if (parent !== undefined) parent.children.push(element);
    if (parent !== undefined || visitor.isPart(name, outer.at(-1))) open.push(element);
    else {
      nodes = 0;
      outer.push(name);
      visitor.enter?.(name, attributes);
    }
  });
  parser.on('closetag', () => {
    const element = open.pop();
    if (element === undefined) {
      const name = outer.pop();
      if (name !== undefined) visitor.leave?.(name);
      return;
    }
    if (open.length > 0) return;
    nodes = 0;
    characters = 0;
    visitor.visit(element);
  });
}

/** Namespaces that matter, in their transitional and strict editions, with the prefix that everybody knows them by. */
const prefixes: readonly (readonly [RegExp, string])[] = [
  [/\/wordprocessingml(?:\/2006)?\/main$/, 'w:'],
  [/\/spreadsheetml(?:\/2006)?\/main$/, ''],
  [/\/presentationml(?:\/2006)?\/main$/, 'p:'],
  [/\/drawingml(?:\/2006)?\/main$/, 'a:'],
  [/\/drawingml(?:\/2006)?\/chart$/, 'c:'],
  [/\/drawingml(?:\/2006)?\/diagram$/, 'dgm:'],
  [/\/officeDocument(?:\/2006)?\/math$/, 'm:'],
  [/\/officeDocument(?:\/2006)?\/relationships$/, 'r:'],
  [/\/package\/2006\/(?:relationships|content-types)$/, ''],
  [/\/markup-compatibility\/2006$/, 'mc:'],
  [/^http:\/\/purl\.org\/dc\/elements/, 'dc:'],
  [/^http:\/\/www\.idpf\.org\/2007\/opf$/, ''],
  [/^urn:oasis:names:tc:opendocument:xmlns:container$/, ''],
  [/^urn:oasis:names:tc:opendocument:xmlns:(\w+):/, '$1:'],
];

function prefixOf(namespace: string): string | undefined {
  for (const [pattern, prefix] of prefixes) {
    const found = pattern.exec(namespace);
    if (found !== null) return prefix.replace('$1', found[1] ?? '');
  }
  return undefined;
}

/** Declarations hold for the rest of the file: files that give one prefix two meanings do not come out of any program. */
function createNames() {
  const byPrefix = new Map<string, string>();
  const known = new Map<string, string>();
  const canonical = (raw: string, isAttribute: boolean): string => {
    const colon = raw.indexOf(':');
    if (colon < 0 && isAttribute) return raw;
    const prefix = byPrefix.get(raw.slice(0, Math.max(0, colon)));
    return prefix === undefined ? raw : `${prefix}${raw.slice(colon + 1)}`;
  };
  const cached = (raw: string, isAttribute: boolean): string => {
    const key = isAttribute ? `@${raw}` : raw;
    const before = known.get(key);
    if (before !== undefined) return before;
    const name = canonical(raw, isAttribute);
    if (known.size < 5_000) known.set(key, name);
    return name;
  };
  const declareOne = (prefix: string, namespace: string): void => {
    const wanted = prefixOf(namespace) ?? (prefix === '' ? '' : `${prefix}:`);
    if (byPrefix.get(prefix) === wanted) return;
    if (byPrefix.size > maxAttributes) throw damaged('The file declares too many namespaces.');
    byPrefix.set(prefix, wanted);
    known.clear();
  };
  return {
    declare(attributes: Record<string, string>): void {
      for (const raw in attributes) if (raw.startsWith('xmlns')) declareOne(raw.slice(6), attributes[raw] ?? '');
    },
    canonical: (raw: string): string => cached(raw, false),
    canonicalAttributes(raw: Record<string, string>): Record<string, string> {
      const attributes: Record<string, string> = {};
      let count = 0;
      for (const name in raw) {
        count += 1;
        if (count > maxAttributes) throw damaged('An element of the file has too many attributes.');
        attributes[cached(name, true)] = raw[name] ?? '';
      }
      return attributes;
    },
  };
}

export const isElement = (node: XmlNode): node is XmlElement => typeof node !== 'string';

export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child): child is XmlElement => isElement(child) && child.name === name);
}

export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((child): child is XmlElement => isElement(child) && child.name === name) ?? [];
}

/** The first element with this name below, in document order. */
export function findXml(element: XmlElement | undefined, name: string): XmlElement | undefined {
  for (const child of element?.children ?? []) {
    if (!isElement(child)) continue;
    const found = child.name === name ? child : findXml(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All elements with this name below, outermost only, in document order. */
export function findAllXml(element: XmlElement | undefined, name: string, found: XmlElement[] = []): XmlElement[] {
  for (const child of element?.children ?? []) {
    if (!isElement(child)) continue;
    if (child.name === name) found.push(child);
    else findAllXml(child, name, found);
  }
  return found;
}

export function xmlText(node: XmlNode | undefined): string {
  if (node === undefined || typeof node === 'string') return node ?? '';
  return node.children.map(xmlText).join('');
}
