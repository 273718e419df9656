/** Small office files for tests, from the XML that matters. */
import { makeZip } from './make-zip.ts';

type Parts = Record<string, string>;

const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const main = 'http://schemas.openxmlformats.org';
const relationTypes = `${main}/officeDocument/2006/relationships`;

/** A relations part: `{ id: [type, target] }`; a target with a scheme is external. */
export function makeRelations(relations: Record<string, [type: string, target: string]>): string {
  const rows = Object.entries(relations).map(([id, [type, target]]) => {
    const mode = /^\w+:/.test(target) ? ' TargetMode="External"' : '';
    return `<Relationship Id="${id}" Type="${relationTypes}/${type}" Target="${target}"${mode}/>`;
  });
  return `${head}<Relationships xmlns="${main}/package/2006/relationships">${rows.join('')}</Relationships>`;
}

const wordNames = `xmlns:w="${main}/wordprocessingml/2006/main" xmlns:r="${relationTypes}" xmlns:m="${main}/officeDocument/2006/math" xmlns:mc="${main}/markup-compatibility/2006"`;

export const wordPart = (name: string, content: string): string =>
  `${head}<w:${name} ${wordNames}>${content}</w:${name}>`;

/** `parts` are further ones below `word/`, by the name of their relation: `styles`, `numbering`, `comments`. */
export function toDocxParts(body: string, parts: Parts = {}): Parts {
  const names = Object.keys(parts);
  return {
    '_rels/.rels': makeRelations({ rId1: ['officeDocument', 'word/document.xml'] }),
    'word/document.xml': wordPart('document', `<w:body>${body}</w:body>`),
    'word/_rels/document.xml.rels': makeRelations(
      Object.fromEntries(names.map((name) => [`rId-${name}`, [name.replace(/\d+$/, ''), `${name}.xml`]])),
    ),
    ...Object.fromEntries(names.map((name) => [`word/${name}.xml`, parts[name] ?? ''])),
  };
}

export const makeDocx = (body: string, parts: Parts = {}): Buffer => makeZip(toDocxParts(body, parts));

export const wordText = (text: string, properties = ''): string =>
  `<w:p>${properties && `<w:pPr>${properties}</w:pPr>`}<w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;

/** Sheets by name: the content of `sheetData` and what follows it. */
export function makeXlsx(
  sheets: Record<string, string>,
  { strings = '', styles = '', states = {} as Record<string, string>, properties = '' } = {},
): Buffer {
  const names = Object.keys(sheets);
  const list = names.map(
    (name, index) =>
      `<sheet name="${name}" sheetId="${index + 1}" r:id="rId${index + 1}"${states[name] ? ` state="${states[name]}"` : ''}/>`,
  );
  const spreadsheet = `xmlns="${main}/spreadsheetml/2006/main" xmlns:r="${relationTypes}"`;
  return makeZip({
    '_rels/.rels': makeRelations({ rId1: ['officeDocument', 'xl/workbook.xml'] }),
    'xl/workbook.xml': `${head}<workbook ${spreadsheet}>${properties}<sheets>${list.join('')}</sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': makeRelations({
      ...Object.fromEntries(
        names.map((_, index) => [
          `rId${index + 1}`,
          ['worksheet', `worksheets/sheet${index + 1}.xml`] as [string, string],
        ]),
      ),
      rIdStrings: ['sharedStrings', '/xl/sharedStrings.xml'],
      rIdStyles: ['styles', 'styles.xml'],
    }),
    'xl/sharedStrings.xml': `${head}<sst ${spreadsheet}>${strings}</sst>`,
    'xl/styles.xml': `${head}<styleSheet ${spreadsheet}>${styles}</styleSheet>`,
    ...Object.fromEntries(
      names.map((name, index) => [
        `xl/worksheets/sheet${index + 1}.xml`,
        `${head}<worksheet ${spreadsheet}><sheetData>${sheets[name]}</worksheet>`,
      ]),
    ),
  });
}

const slideNames = `xmlns:p="${main}/presentationml/2006/main" xmlns:a="${main}/drawingml/2006/main" xmlns:c="${main}/drawingml/2006/chart" xmlns:r="${relationTypes}"`;

/** Slides as the content of their shape tree; `parts` are further ones with their full name. */
export function makePptx(slides: string[], parts: Parts = {}): Buffer {
  const relations = Object.fromEntries(
    slides.map((_, index) => [`rId${index + 1}`, ['slide', `slides/slide${index + 1}.xml`] as [string, string]]),
  );
  return makeZip({
    '_rels/.rels': makeRelations({ rId1: ['officeDocument', 'ppt/presentation.xml'] }),
    'ppt/presentation.xml': `${head}<p:presentation ${slideNames}><p:sldIdLst>${slides
      .map((_, index) => `<p:sldId id="${256 + index}" r:id="rId${index + 1}"/>`)
      .join('')}</p:sldIdLst></p:presentation>`,
    'ppt/_rels/presentation.xml.rels': makeRelations(relations),
    ...Object.fromEntries(
      slides.map((slide, index) => [
        `ppt/slides/slide${index + 1}.xml`,
        slidePart('sld', `<p:cSld><p:spTree>${slide}</p:spTree></p:cSld>`),
      ]),
    ),
    ...parts,
  });
}

export const slidePart = (name: string, content: string): string =>
  `${head}<p:${name} ${slideNames}>${content}</p:${name}>`;

export function slideShape(
  text: string,
  {
    at = [0, 0, 100, 100],
    placeholder = '',
    paragraph = '',
  }: { at?: number[]; placeholder?: string; paragraph?: string } = {},
): string {
  const [x, y, width, height] = at;
  const place = `<a:xfrm><a:off x="${x}" y="${y}"/><a:ext cx="${width}" cy="${height}"/></a:xfrm>`;
  const lines = text.split('\n').map((line) => `<a:p>${paragraph}<a:r><a:t>${line}</a:t></a:r></a:p>`);
  return `<p:sp><p:nvSpPr><p:cNvPr id="1" name="x"/><p:cNvSpPr/><p:nvPr>${placeholder}</p:nvPr></p:nvSpPr><p:spPr>${
    placeholder && at.every((number) => number === 0) ? '' : place
  }</p:spPr><p:txBody><a:bodyPr/>${lines.join('')}</p:txBody></p:sp>`;
}
