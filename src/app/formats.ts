/**
 * The document formats that can be read: a new one is a file in `modules/ingestion/adapters/` and a line here. Take all
 * of them by `Object.values` of `import * as formats`.
 */
export { htmlFormat } from '#modules/ingestion/adapters/html-format.ts';
export { markdownFormat } from '#modules/ingestion/adapters/markdown-format.ts';
export { pdfFormat } from '#modules/ingestion/adapters/pdf-format.ts';
export { textFormat } from '#modules/ingestion/adapters/text-format.ts';
