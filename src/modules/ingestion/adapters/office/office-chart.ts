/** The data behind a chart as a table: categories down, series across. */
import { type OfficeWriter, toOneLine } from './office-writer.ts';
import { childOf, findAllXml, findXml, isElement, type XmlElement, xmlText } from './read-xml.ts';

const maxPoints = 2_000;
const maxSeries = 100;

export function writeChart(root: XmlElement | undefined, writer: OfficeWriter): void {
  const chart = childOf(root, 'c:chart');
  const title = findAllXml(childOf(childOf(chart, 'c:title'), 'c:tx'), 'a:p')
    .map(paragraphText)
    .join(' ');
  writer.paragraph(toOneLine(title));
  for (const plot of plotsOf(chart)) {
    const series = findAllXml(plot, 'c:ser').slice(0, maxSeries);
    if (series.length > 0) writer.table(toRows(series));
  }
}

const paragraphText = (paragraph: XmlElement): string => findAllXml(paragraph, 'a:t').map(xmlText).join('');

/** A chart may draw several kinds over each other; each is a table. */
function plotsOf(chart: XmlElement | undefined): XmlElement[] {
  const area = childOf(chart, 'c:plotArea');
  return area?.children.filter((child): child is XmlElement => isElement(child) && /Chart$/.test(child.name)) ?? [];
}

function toRows(series: readonly XmlElement[]): string[][] {
  const values = series.map((one) => pointsOf(childOf(one, 'c:val') ?? childOf(one, 'c:yVal')));
  const categories = series
    .map((one) => pointsOf(childOf(one, 'c:cat') ?? childOf(one, 'c:xVal')))
    .find((points) => points.length > 0);
  const length = Math.max(categories?.length ?? 0, ...values.map((points) => points.length));
  const names = series.map((one) => toOneLine(pointsOf(childOf(one, 'c:tx')).join(' ')));
  const rows = Array.from({ length }, (_, index) => [
    categories?.[index] ?? String(index + 1),
    ...values.map((points) => points[index] ?? ''),
  ]);
  return [['', ...names], ...rows];
}

function pointsOf(data: XmlElement | undefined): string[] {
  const points: string[] = [];
  const literal = childOf(data, 'c:v');
  if (literal !== undefined) return [xmlText(literal)];
  const cache = findXml(data, 'c:lvl') ?? data;
  for (const point of findAllXml(cache, 'c:pt')) {
    const index = Number.parseInt(point.attributes.idx ?? '', 10);
    if (index >= 0 && index < maxPoints) points[index] = toValue(xmlText(childOf(point, 'c:v')));
  }
  return Array.from(points, (point) => point ?? '');
}

/** Numbers come with the noise of binary fractions. */
function toValue(text: string): string {
  return /^-?\d+\.\d{10,}(?:E[+-]?\d+)?$/.test(text) ? String(Number(Number(text).toPrecision(15))) : toOneLine(text);
}
