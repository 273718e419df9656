/** XML to a small tree. Nothing outside of the file is looked up; what a DTD declares is refused, not expanded. */
import { AppError, isAppError } from '#platform/errors.ts';

export type XmlNode = {
  name: string;
  attributes: [string, string][];
  /** Elements and the text between them, in order. */
  content: (XmlNode | string)[];
};

const deepest = 256;

/** Throws DOCUMENT_DAMAGED with the line where the file breaks the rules. */
export async function readXml(source: string): Promise<XmlNode> {
  const { SaxesParser } = await import('saxes');
  const parser = new SaxesParser({ xmlns: false });
  const root: XmlNode = { name: '', attributes: [], content: [] };
  const open: XmlNode[] = [root];
  const top = (): XmlNode => open.at(-1) ?? root;
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > deepest) throw damaged(`it nests more than ${deepest} elements into each other`);
    const own = Object.entries(attributes).filter(([key]) => !/^xmlns(?::|$)/.test(key));
    const node: XmlNode = { name, attributes: own, content: [] };
    top().content.push(node);
    open.push(node);
  });
  const addText = (text: string): number => top().content.push(text);
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => open.pop());
  parser.on('error', (cause) => {
    throw damaged(`line ${parser.line} breaks the rules of XML`, cause);
  });
  try {
    parser.write(source).close();
  } catch (cause) {
    throw isAppError(cause) ? cause : damaged(`line ${parser.line} breaks the rules of XML`, cause);
  }
  return elementsOf(root)[0] ?? root;
}

export function elementsOf({ content }: XmlNode): XmlNode[] {
  return content.filter((part) => typeof part !== 'string');
}

/** Text and elements side by side: running text with marks in it. */
export function isMixed({ content }: XmlNode): boolean {
  return (
    content.some((part) => typeof part !== 'string') &&
    content.some((part) => typeof part === 'string' && /\S/.test(part))
  );
}

/** All text inside in document order, on one line. */
export function textOf(node: XmlNode): string {
  const parts: string[] = [];
  const open: (XmlNode | string)[] = [node];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'string') parts.push(next);
    else for (let index = next.content.length - 1; index >= 0; index -= 1) open.push(next.content[index] ?? '');
  }
  return parts.join('').replaceAll(/\s+/g, ' ').trim();
}

function damaged(why: string, cause?: unknown): AppError {
  return new AppError('DOCUMENT_DAMAGED', 'invalid', `The file is no readable XML: ${why}.`, { cause });
}
