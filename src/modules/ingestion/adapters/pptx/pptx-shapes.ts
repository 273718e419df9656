/** Shapes of a slide with their place on it, groups opened, places inherited from the layout filled in. */

import { childOf, childrenOf, isElement, type XmlElement } from '../office/read-xml.ts';
import type { Box } from './pptx-reading-order.ts';

export type Placeholder = { type: string; index: string | undefined };

export type Shape = Box & {
  element: XmlElement;
  placeholder: Placeholder | undefined;
  /** The shapes of layout and master that it takes its place and bullets from, nearest first. */
  models: XmlElement[];
};

/** From the coordinates of a group to those of the slide. */
type Frame = { scaleX: number; scaleY: number; moveX: number; moveY: number };

const whole: Frame = { scaleX: 1, scaleY: 1, moveX: 0, moveY: 0 };
const deepestGroup = 30;
const maxShapes = 20_000;

/** `sources` are the roots of the layout and of the master. */
export function collectShapes(slide: XmlElement | undefined, sources: readonly (XmlElement | undefined)[]): Shape[] {
  const found: Shape[] = [];
  const models = sources.map((source) => shapeTree(source)?.children.filter(isElement) ?? []);
  const tree = shapeTree(slide);
  if (tree !== undefined) collect(tree, whole, models, found, 0);
  return found;
}

const shapeTree = (root: XmlElement | undefined): XmlElement | undefined =>
  childOf(childOf(root, 'p:cSld'), 'p:spTree');

function collect(
  parent: XmlElement,
  frame: Frame,
  models: readonly (readonly XmlElement[])[],
  found: Shape[],
  depth: number,
): void {
  for (const child of parent.children) {
    if (!isElement(child) || found.length >= maxShapes || depth > deepestGroup || isHidden(child)) continue;
    if (child.name === 'p:grpSp') collect(child, toInnerFrame(child, frame), models, found, depth + 1);
    else if (child.name === 'mc:AlternateContent') {
      const chosen = childOf(child, 'mc:Choice') ?? childOf(child, 'mc:Fallback');
      if (chosen !== undefined) collect(chosen, frame, models, found, depth + 1);
    } else if (child.name === 'p:sp' || child.name === 'p:graphicFrame') found.push(toShape(child, frame, models));
  }
}

const nonVisual = (shape: XmlElement): XmlElement | undefined =>
  childOf(shape, 'p:nvSpPr') ?? childOf(shape, 'p:nvGraphicFramePr') ?? childOf(shape, 'p:nvGrpSpPr');

const isHidden = (shape: XmlElement): boolean =>
  /^(?:1|true)$/.test(childOf(nonVisual(shape), 'p:cNvPr')?.attributes.hidden ?? '');

export function placeholderOf(shape: XmlElement): Placeholder | undefined {
  const mark = childOf(childOf(nonVisual(shape), 'p:nvPr'), 'p:ph');
  return mark && { type: mark.attributes.type ?? 'obj', index: mark.attributes.idx };
}

function toShape(element: XmlElement, frame: Frame, candidates: readonly (readonly XmlElement[])[]): Shape {
  const placeholder = placeholderOf(element);
  const models = placeholder === undefined ? [] : candidates.flatMap((shapes) => findModel(shapes, placeholder) ?? []);
  const place = [element, ...models].map(transformOf).find((transform) => transform !== undefined);
  const { x = 0, y = 0, width = 0, height = 0 } = place ?? {};
  const left = x * frame.scaleX + frame.moveX;
  const top = y * frame.scaleY + frame.moveY;
  return {
    element,
    placeholder,
    models,
    left,
    top,
    right: left + width * frame.scaleX,
    bottom: top + height * frame.scaleY,
  };
}

const kinOf: Readonly<Record<string, string>> = { ctrTitle: 'title', subTitle: 'body', obj: 'body' };

function findModel(shapes: readonly XmlElement[], { type, index }: Placeholder): XmlElement | undefined {
  const marked = shapes.flatMap((shape) => {
    const placeholder = placeholderOf(shape);
    return placeholder === undefined ? [] : [{ shape, placeholder }];
  });
  const kin = (name: string): string => kinOf[name] ?? name;
  const byIndex = index === undefined ? undefined : marked.find(({ placeholder }) => placeholder.index === index);
  return (byIndex ?? marked.find(({ placeholder }) => kin(placeholder.type) === kin(type)))?.shape;
}

type Transform = { x: number; y: number; width: number; height: number };

function transformOf(shape: XmlElement): Transform | undefined {
  const transform = childOf(childOf(shape, 'p:spPr'), 'a:xfrm') ?? childOf(shape, 'p:xfrm');
  return transform && readTransform(transform, 'a:off', 'a:ext');
}

function readTransform(transform: XmlElement, offset: string, extent: string): Transform | undefined {
  const at = childOf(transform, offset)?.attributes;
  const size = childOf(transform, extent)?.attributes;
  if (at === undefined || size === undefined) return undefined;
  const number = (text: string | undefined): number => Number.parseInt(text ?? '', 10) || 0;
  return { x: number(at.x), y: number(at.y), width: number(size.cx), height: number(size.cy) };
}

function toInnerFrame(group: XmlElement, outer: Frame): Frame {
  const transform = childrenOf(childOf(group, 'p:grpSpPr'), 'a:xfrm')[0];
  const shown = transform && readTransform(transform, 'a:off', 'a:ext');
  const inner = transform && readTransform(transform, 'a:chOff', 'a:chExt');
  if (shown === undefined || inner === undefined) return outer;
  const scaleX = inner.width === 0 ? 1 : shown.width / inner.width;
  const scaleY = inner.height === 0 ? 1 : shown.height / inner.height;
  return {
    scaleX: outer.scaleX * scaleX,
    scaleY: outer.scaleY * scaleY,
    moveX: outer.moveX + (shown.x - inner.x * scaleX) * outer.scaleX,
    moveY: outer.moveY + (shown.y - inner.y * scaleY) * outer.scaleY,
  };
}
