import type { Format } from '../../ports.ts';
import { writeChart } from '../office/office-chart.ts';
import { findMainPart, type Relation, readOwnTitle, readRelations } from '../office/office-package.ts';
import { createOfficeWriter, type OfficeWriter, toOneLine } from '../office/office-writer.ts';
import { childOf, childrenOf, findAllXml, findXml, readXml, type XmlElement, xmlText } from '../office/read-xml.ts';
import { openZip, type Zip } from '../office/read-zip.ts';
import { toReadingOrder } from './pptx-reading-order.ts';
import { collectShapes, placeholderOf, type Shape } from './pptx-shapes.ts';
import { bodyText, type ListStyles, writeTextBody } from './pptx-text.ts';

/** PowerPoint: a slide is a page, its title a heading; then its boxes in reading order, tables, data of charts, notes. */
export const pptxFormat: Format = {
  name: 'pptx',
  version: 1,
  extensions: ['pptx', 'pptm', 'ppsx', 'potx'],
  mediaTypes: ['application/vnd.openxmlformats-officedocument.presentationml.presentation'],
  async parse(bytes) {
    const zip = await openZip(bytes);
    const part = await findMainPart(zip, 'ppt/presentation.xml');
    const presentation = await readXml(zip.stream(part));
    const relations = await readRelations(zip, part);
    const writer = createOfficeWriter();
    const sources = createSources(zip);
    const hidden: number[] = [];
    const slides = childrenOf(childOf(presentation, 'p:sldIdLst'), 'p:sldId').slice(0, maxSlides);
    for (const [index, { attributes }] of slides.entries()) {
      const target = relations.find(({ id }) => id === attributes['r:id'])?.target;
      if (target === undefined) continue;
      writer.page = index + 1;
      const slide = await readXml(zip.stream(target));
      if (/^(?:0|false)$/.test(slide?.attributes.show ?? '')) hidden.push(index + 1);
      await writeSlide({ zip, writer, relations: await readRelations(zip, target), slide, sources });
    }
    const { text, blocks } = writer.build();
    const warnings = hidden.length === 0 ? [] : [`Slides hidden in the file were read too: ${hidden.join(', ')}.`];
    return { title: (await readOwnTitle(zip)) ?? writer.mainHeading, text, blocks, warnings };
  },
};

const maxSlides = 10_000;

type Sources = (relations: readonly Relation[]) => Promise<{ layout?: XmlElement; master?: XmlElement }>;

/** Layouts and masters are shared by slides and read once. */
function createSources(zip: Zip): Sources {
  const known = new Map<string, { root: XmlElement | undefined; relations: Relation[] }>();
  const read = async (relations: readonly Relation[], type: string) => {
    const target = relations.find((relation) => relation.type === type)?.target ?? '';
    const source = known.get(target) ?? {
      root: await readXml(zip.stream(target)),
      relations: await readRelations(zip, target),
    };
    known.set(target, source);
    return source;
  };
  return async (relations) => {
    const layout = await read(relations, 'slideLayout');
    const master = await read(layout.relations, 'slideMaster');
    return { ...(layout.root && { layout: layout.root }), ...(master.root && { master: master.root }) };
  };
}

type SlideContext = {
  zip: Zip;
  writer: OfficeWriter;
  relations: readonly Relation[];
  slide: XmlElement | undefined;
  sources: Sources;
};

const titles = new Set(['title', 'ctrTitle']);
const furniture = new Set(['sldNum', 'dt', 'ftr', 'hdr', 'sldImg']);

async function writeSlide({ zip, writer, relations, slide, sources }: SlideContext): Promise<void> {
  const { layout, master } = await sources(relations);
  const shapes = collectShapes(slide, [layout, master]).filter(
    ({ placeholder }) => placeholder === undefined || !furniture.has(placeholder.type),
  );
  const isTitle = ({ placeholder }: Shape): boolean => placeholder !== undefined && titles.has(placeholder.type);
  for (const { element, placeholder } of shapes.filter(isTitle)) {
    writer.heading(placeholder?.type === 'ctrTitle' ? 1 : 2, bodyText(childOf(element, 'p:txBody')));
  }
  for (const shape of toReadingOrder(shapes.filter((one) => !isTitle(one)))) {
    writer.endList();
    if (shape.element.name === 'p:sp') {
      writeTextBody(childOf(shape.element, 'p:txBody'), listStylesOf(shape, master), writer);
    } else await writeGraphic(shape.element, { zip, writer, relations });
  }
  await writeNotes(zip, relations, writer);
}

function listStylesOf({ element, placeholder, models }: Shape, master: XmlElement | undefined): ListStyles {
  const own = [element, ...models].map((shape) => childOf(childOf(shape, 'p:txBody'), 'a:lstStyle'));
  if (placeholder === undefined) return own;
  return [...own, childOf(childOf(master, 'p:txStyles'), 'p:bodyStyle')];
}

type GraphicContext = Pick<SlideContext, 'zip' | 'writer' | 'relations'>;

async function writeGraphic(frame: XmlElement, { zip, writer, relations }: GraphicContext): Promise<void> {
  const data = childOf(childOf(frame, 'a:graphic'), 'a:graphicData');
  const partOf = (id: string | undefined): string => relations.find((relation) => relation.id === id)?.target ?? '';
  const table = childOf(data, 'a:tbl');
  if (table !== undefined) writer.table(toRows(table));
  const chart = childOf(data, 'c:chart');
  if (chart !== undefined) writeChart(await readXml(zip.stream(partOf(chart.attributes['r:id']))), writer);
  const diagram = childOf(data, 'dgm:relIds');
  if (diagram !== undefined) writeDiagram(await readXml(zip.stream(partOf(diagram.attributes['r:dm']))), writer);
}

const maxSpan = 200;

/** A merged cell stands in every place that it covers. */
function toRows(table: XmlElement): string[][] {
  const rows: string[][] = [];
  for (const row of childrenOf(table, 'a:tr')) {
    const above = rows.at(-1) ?? [];
    const cells: string[] = [];
    for (const cell of childrenOf(row, 'a:tc').slice(0, maxSpan)) {
      const { hMerge, vMerge } = cell.attributes;
      const isOn = (mark: string | undefined): boolean => mark === '1' || mark === 'true';
      if (isOn(vMerge)) cells.push(above[cells.length] ?? '');
      else if (isOn(hMerge)) cells.push(cells.at(-1) ?? '');
      else cells.push(toOneLine(bodyText(childOf(cell, 'a:txBody'))));
    }
    rows.push(cells);
  }
  return rows;
}

/** What a diagram says, without how it is drawn. */
function writeDiagram(root: XmlElement | undefined, writer: OfficeWriter): void {
  for (const point of findAllXml(root, 'dgm:pt')) {
    if (/^(?:pres|parTrans|sibTrans)$/.test(point.attributes.type ?? '')) continue;
    const text = toOneLine(findAllXml(point, 'a:t').map(xmlText).join(''));
    if (text !== '') writer.listItem({ depth: 0, marker: '-', text });
  }
}

async function writeNotes(zip: Zip, relations: readonly Relation[], writer: OfficeWriter): Promise<void> {
  for (const { type, target } of relations) {
    if (type === 'notesSlide') {
      const root = await readXml(zip.stream(target));
      const shapes = findAllXml(root, 'p:sp').filter((shape) => placeholderOf(shape)?.type === 'body');
      const text = shapes.map((shape) => bodyText(childOf(shape, 'p:txBody'))).join('\n');
      if (text.trim() !== '') writer.paragraph(`Notes: ${text}`);
    } else if (type === 'comments') {
      const root = await readXml(zip.stream(target));
      for (const comment of findAllXml(root, 'p:cm')) writer.quote(`Comment: ${xmlText(findXml(comment, 'p:text'))}`);
    }
  }
}
