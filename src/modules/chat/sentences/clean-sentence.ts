/** A sentence of a document as a reader should see it: without Markdown, HTML and the white space of the layout. */

const patterns: [RegExp, string][] = [
  [/^\s*(?:>\s*)+/gm, ''],
  [/^\s*#{1,6}\s+/, ''],
  [/\s#+\s*$/, ''],
  [/^\s*(?:[-*+•‣▪◦·–]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?/, ''],
  [/^\s*(?:\/\/\/|!!!|\?\?\?)\+?\s*[\w-]*\s*\|?\s*/, ''],
  // Attributes such as `{ #anchor .class }` behind headings and links.
  [/\{\s*[#.:][^{}]{0,200}\}/g, ''],
  [/!\[([^\]]{0,500})\]\([^()\s]{0,2000}(?:\s+"[^"]{0,500}")?\)/g, '$1'],
  [/\[([^\]]{1,500})\]\([^()\s]{0,2000}(?:\s+"[^"]{0,500}")?\)/g, '$1'],
  [/\[([^\]]{1,500})\]\[[^\]]{0,100}\]/g, '$1'],
  [/\[\^[^\]]{1,50}\]/g, ''],
  [/<(https?:\/\/[^>\s]{1,2000})>/g, '$1'],
  [/<!--[\s\S]{0,2000}?-->/g, ''],
  // Tags, but not those that are quoted as code; and one whose end lies in the next sentence.
  [/(?<!`)<\/?[a-zA-Z][^<>]{0,500}>(?!`)/g, ''],
  [/<[a-z]{1,10}\s[^<>]{0,500}$/, ''],
  [/`{1,3}([^`]{1,1000})`{1,3}/g, '$1'],
  [/(\*{1,3})(?=\S)([^*]{1,1000}?)(?<=\S)\1/g, '$2'],
  [/(?<![\p{L}\p{N}_])(_{1,2})(?=\S)([^_]{1,1000}?)(?<=\S)\1(?![\p{L}\p{N}_])/gu, '$2'],
  [/~~([^~]{1,1000})~~/g, '$1'],
  [/^\s*\|\s*|\s*\|\s*$/g, ''],
  [/\\([\\`*_{}[\]()#+.!|>-])/g, '$1'],
  [/&nbsp;/g, ' '],
  [/&amp;/g, '&'],
  [/&lt;/g, '<'],
  [/&gt;/g, '>'],
  [/&quot;/g, '"'],
  [/\s+/g, ' '],
];

/** Never longer than this, so that a document without full stops does not become the answer. */
const longestSentence = 600;

export function cleanSentence(text: string): string {
  const cleaned = patterns.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text).trim();
  if (cleaned.length <= longestSentence) return cleaned;
  const cut = cleaned.slice(0, longestSentence).toWellFormed();
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), longestSentence / 2))} …`;
}
