/**
 * The document formats that can be read: a new one is a file in `modules/ingestion/adapters/` and a line here. Take all
 * of them by `Object.values` of `import * as formats`.
 */
export { asciidocFormat } from '#modules/ingestion/adapters/asciidoc-format.ts';
export { codeFormat } from '#modules/ingestion/adapters/code-format.ts';
export { csvFormat } from '#modules/ingestion/adapters/csv-format.ts';
export { docxFormat } from '#modules/ingestion/adapters/docx-format.ts';
export { emailFormat } from '#modules/ingestion/adapters/email-format.ts';
export { epubFormat } from '#modules/ingestion/adapters/epub-format.ts';
export { htmlFormat } from '#modules/ingestion/adapters/html-format.ts';
export { ipynbFormat } from '#modules/ingestion/adapters/ipynb-format.ts';
export { jsonFormat } from '#modules/ingestion/adapters/json-format.ts';
export { markdownFormat } from '#modules/ingestion/adapters/markdown-format.ts';
export { msgFormat } from '#modules/ingestion/adapters/msg-format.ts';
export { odtFormat } from '#modules/ingestion/adapters/odt-format.ts';
export { orgFormat } from '#modules/ingestion/adapters/org-format.ts';
export { pdfFormat } from '#modules/ingestion/adapters/pdf-format.ts';
export { pptxFormat } from '#modules/ingestion/adapters/pptx-format.ts';
export { rstFormat } from '#modules/ingestion/adapters/rst-format.ts';
export { rtfFormat } from '#modules/ingestion/adapters/rtf-format.ts';
export { textFormat } from '#modules/ingestion/adapters/text-format.ts';
export { xlsFormat } from '#modules/ingestion/adapters/xls-format.ts';
export { xlsxFormat } from '#modules/ingestion/adapters/xlsx-format.ts';
export { xmlFormat } from '#modules/ingestion/adapters/xml-format.ts';
export { yamlFormat } from '#modules/ingestion/adapters/yaml-format.ts';
