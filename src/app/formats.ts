/**
 * The document formats that can be read: a new one is a file in `modules/ingestion/adapters/` and a line here. Take all
 * of them by `Object.values` of `import * as formats`.
 */

export { ipynbFormat } from '#modules/ingestion/adapters/data/ipynb-format.ts';
export { jsonFormat } from '#modules/ingestion/adapters/data/json-format.ts';
export { xmlFormat } from '#modules/ingestion/adapters/data/xml-format.ts';
export { yamlFormat } from '#modules/ingestion/adapters/data/yaml-format.ts';
export { docxFormat } from '#modules/ingestion/adapters/docx/docx-format.ts';
export { epubFormat } from '#modules/ingestion/adapters/html/epub-format.ts';
export { htmlFormat } from '#modules/ingestion/adapters/html/html-format.ts';
export { emailFormat } from '#modules/ingestion/adapters/mail/email-format.ts';
export { msgFormat } from '#modules/ingestion/adapters/mail/msg-format.ts';
export { odtFormat } from '#modules/ingestion/adapters/office/odt-format.ts';
export { pdfFormat } from '#modules/ingestion/adapters/pdf/pdf-format.ts';
export { pptxFormat } from '#modules/ingestion/adapters/pptx/pptx-format.ts';
export { csvFormat } from '#modules/ingestion/adapters/spreadsheets/csv-format.ts';
export { xlsFormat } from '#modules/ingestion/adapters/spreadsheets/xls-format.ts';
export { xlsxFormat } from '#modules/ingestion/adapters/spreadsheets/xlsx-format.ts';
export { asciidocFormat } from '#modules/ingestion/adapters/text/asciidoc-format.ts';
export { codeFormat } from '#modules/ingestion/adapters/text/code-format.ts';
export { markdownFormat } from '#modules/ingestion/adapters/text/markdown-format.ts';
export { orgFormat } from '#modules/ingestion/adapters/text/org-format.ts';
export { rstFormat } from '#modules/ingestion/adapters/text/rst-format.ts';
export { rtfFormat } from '#modules/ingestion/adapters/text/rtf-format.ts';
export { textFormat } from '#modules/ingestion/adapters/text/text-format.ts';
