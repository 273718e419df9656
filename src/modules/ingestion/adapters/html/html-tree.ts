/** What is needed of an HTML tree, without recursion: documents of hostile depth must not exhaust the stack. */
import { AppError } from '#platform/errors.ts';

export type HtmlNode = {
  nodeName: string;
  childNodes?: HtmlNode[];
  value?: string;
  attrs?: { name: string; value: string }[];
};
export type ElementNode = HtmlNode;

/** Throws DOCUMENT_DAMAGED when elements nest too deeply. */
export async function parseHtml(source: string): Promise<HtmlNode> {
  const { parse, defaultTreeAdapter } = await import('parse5');
  return parse(source, { treeAdapter: { ...defaultTreeAdapter, ...createDepthGuard() } }) as HtmlNode;
}

/** Parsing takes time in proportion to length times depth; pages made by people stay below a hundred. */
const maxDepth = 2_000;

function createDepthGuard() {
  let depth = 0;
  return {
    onItemPush(): void {
      depth += 1;
      if (depth <= maxDepth) return;
      throw new AppError(
        'DOCUMENT_DAMAGED',
        'invalid',
        `The page nests more than ${maxDepth} elements into each other.`,
      );
    },
    onItemPop(): void {
      depth -= 1;
    },
  };
}

export function attributeOf(node: HtmlNode, name: string): string | undefined {
  return node.attrs?.find((attribute) => attribute.name === name)?.value;
}

/** Visits the tree in document order; `enter` says whether to go inside, `leave` is called for what was gone into. */
export function walk(root: HtmlNode, visit: { enter(node: HtmlNode): boolean; leave?(node: HtmlNode): void }): void {
  const open: { node: HtmlNode; next: number }[] = [];
  const enter = (node: HtmlNode): void => {
    if (visit.enter(node)) open.push({ node, next: 0 });
  };
  enter(root);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const child = top.node.childNodes?.[top.next];
    if (child === undefined) {
      visit.leave?.(top.node);
      open.pop();
    } else {
      top.next += 1;
      enter(child);
    }
  }
}

export function findElement(root: HtmlNode, isWanted: (node: ElementNode) => boolean): ElementNode | undefined {
  let found: ElementNode | undefined;
  walk(root, {
    enter(node) {
      if (found === undefined && node.attrs !== undefined && isWanted(node)) found = node;
      return found === undefined;
    },
  });
  return found;
}

/** All text inside, as it stands. */
export function textOf(root: HtmlNode): string {
  const parts: string[] = [];
  walk(root, {
    enter(node) {
      if (node.nodeName === '#text') parts.push(node.value ?? '');
      return true;
    },
  });
  return parts.join('');
}
