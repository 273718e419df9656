/** One small good file of every format that can be written here, to be cut off and bent. */
import { makePdf, toPdfContent } from '#modules/ingestion/testing/make-pdf.ts';
import { docxEntries, epubEntries, makeZip, xlsxEntries } from './hostile-zip.ts';

export function validFiles(): Record<string, Buffer> {
  const text = (content: string): Buffer => Buffer.from(content);
  return {
    'good.md': text(
      '---\ntitle: Good\n---\n# Good\n\nA *paragraph* with `code`.\n\n- one\n- two\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n```js\nlet a = 1;\n```\n',
    ),
    'good.txt': text('First paragraph.\n\nSecond paragraph, größer.\n'),
    'good.html': text(
      '<title>Good</title><main><h1>Good</h1><p>Text <b>bold</b></p><ul><li>one<li>two</ul><table><tr><th>a<th>b<tr><td>1<td>2</table></main>',
    ),
    'good.csv': text('name,age,"home, town"\nAnn,30,"Paris ""FR"""\nBob,25,Rome\n'),
    'good.json': text('{"title":"Good","list":[{"a":1.10,"b":"text"},{"a":2,"b":null}],"deep":{"er":{"est":true}}}'),
    'good.jsonl': text('{"a":1}\n{"a":2,"b":"text"}\n'),
    'good.eml': text(
      'From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello Bob,\r\nsee you.\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8gYWdhaW4=\r\n--b--\r\n',
    ),
    'good.rtf': text(
      "{\\rtf1\\ansi\\ansicpg1252{\\fonttbl{\\f0 Arial;}}{\\info{\\title Good}}\\pard\\outlinelevel0 Heading\\par\\pard Caf\\'e9 \\u8364 ? text.\\par{\\trowd\\cellx1000\\cellx2000\\pard\\intbl a\\cell b\\cell\\row}}",
    ),
    'good.xml': text(
      '<?xml version="1.0"?><book><title>Good</title><chapter no="1"><p>Text <b>bold</b> text.</p></chapter></book>',
    ),
    'good.yaml': text('title: Good\nlist:\n  - one\n  - two\nnested:\n  key: value\n'),
    'good.rst': text('Good\n====\n\nText with ``code``.\n\n.. code:: python\n\n   a = 1\n\n- one\n- two\n'),
    'good.org': text(
      '#+TITLE: Good\n* Heading\nText =code=.\n\n#+BEGIN_SRC sh\nls\n#+END_SRC\n\n| a | b |\n|---+---|\n| 1 | 2 |\n',
    ),
    'good.adoc': text('= Good\n\nText.\n\n== Section\n\n* one\n* two\n\n|===\n|a |b\n|1 |2\n|===\n'),
    'good.ts': text(
      '/** Adds. */\nexport function add(a: number, b: number): number {\n  return a + b;\n}\n\nconst one = 1;\n',
    ),
    'good.pdf': makePdf(
      toPdfContent([
        [18, 50, 750, 'A heading'],
        [11, 50, 720, 'A line of text that is good.'],
        [11, 50, 706, 'Another line.'],
      ]),
      { compress: true },
    ),
    'good.docx': makeZip(docxEntries('<w:p><w:r><w:t>Good text in Word.</w:t></w:r></w:p>')),
    'good.xlsx': makeZip(
      xlsxEntries(
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c><c r="B1"><v>1</v></c></row></sheetData>',
      ),
    ),
    'good.epub': makeZip(epubEntries('<h1>Chapter</h1><p>Good text.</p>')),
    'good.ipynb': text(
      '{"cells":[{"cell_type":"markdown","metadata":{},"source":["# Good\\n","text"]},{"cell_type":"code","metadata":{},"source":["a = 1"],"outputs":[],"execution_count":1}],"metadata":{"language_info":{"name":"python"}},"nbformat":4,"nbformat_minor":5}',
    ),
  };
}
