/** What every text format keeps to, whatever the file: canonical text, ordered blocks, known failures, linear time. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDocument } from '../parsing/parse-document.ts';
import type { Format } from '../ports.ts';
import { jsonFormat } from './data/json-format.ts';
import { xmlFormat } from './data/xml-format.ts';
import { yamlFormat } from './data/yaml-format.ts';
import { htmlFormat } from './html/html-format.ts';
import { emailFormat } from './mail/email-format.ts';
import { csvFormat } from './spreadsheets/csv-format.ts';
import { asciidocFormat } from './text/asciidoc-format.ts';
import { codeFormat } from './text/code-format.ts';
import { markdownFormat } from './text/markdown-format.ts';
import { orgFormat } from './text/org-format.ts';
import { rstFormat } from './text/rst-format.ts';
import { rtfFormat } from './text/rtf-format.ts';

const formats: [Format, string][] = [
  [asciidocFormat, ''],
  [codeFormat, ''],
  [csvFormat, ''],
  [emailFormat, 'Subject: x\n\n'],
  [htmlFormat, ''],
  [jsonFormat, ''],
  [markdownFormat, ''],
  [orgFormat, ''],
  [rstFormat, ''],
  [rtfFormat, '{\\rtf1 '],
  [xmlFormat, '<a>'],
  [yamlFormat, ''],
];
const named = formats.map(([format, start]) => [format.name, format, start] as const);

const outcomeOf = (format: Format, source: string): Promise<string> =>
  parseDocument(format, Buffer.from(source), { filename: `x.${format.extensions[0]}` }).then(
    () => 'read',
    (error) => String(error.code ?? error.stack),
  );

const piece = fc.constantFrom(
  ..."# |- |* |= |== |**|`|``|```\n|~~~|::|.. |.. code::|\n\n|\n|    |\t|[|]|(|)|{|}|<|>|</a>|<a>|<b>|&|&amp;|\\|\\par |\\'e9|\\u233 ?|\"|'|,|;|:|- |1. |* |+ |@|//|/*|*/|#+BEGIN_SRC\n|#+END_SRC\n|:END:|====\n|----\n|é|日本|e\u0301|\uFEFF|\r\n|\r|a|word|12".split(
    '|',
  ),
);

test.each(named)('%s keeps its promises or says what is wrong, whatever the text', async (_, format, start) => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      expect(await outcomeOf(format, start + pieces.join(''))).toMatch(
        /^(?:read|DOCUMENT_(?:EMPTY|WITHOUT_TEXT|ENCODING|DAMAGED))$/,
      );
    }),
    { numRuns: 300 },
  );
});

const lines = [
  ' ',
  '\t',
  '|',
  '-',
  '`',
  '*',
  '[',
  '](',
  '<',
  '&',
  '\\',
  '"',
  '=',
  ':',
  '~',
  '{',
  '.. ',
  '#+',
  'a ',
  '1.',
  '[[',
  '<<',
  'a:',
  '==',
  '|=',
  "'",
  ',',
];

/** Milliseconds of processor time for such a file, the best of three: what else runs on the machine must not count. */
async function timeOf(format: Format, source: string): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round += 1) {
    const start = process.cpuUsage();
    await outcomeOf(format, source);
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1_000);
  }
  return best;
}

/** Below this the clock says more about the machine than about the file. */
const leastMs = 40;

test.each(named)(
  '%s takes time in proportion to the length of any line',
  { timeout: 120_000 },
  async (_, format, start) => {
    for (const line of lines) {
      const make = (count: number): string => `${start}${line.repeat(count)}\nend ${line.repeat(count)}x`;
      const single = await timeOf(format, make(40_000));
      const double = await timeOf(format, make(80_000));
      expect(double / Math.max(single, leastMs), `${JSON.stringify(line)}: ${single} ms, ${double} ms`).toBeLessThan(
        2.5,
      );
    }
  },
);
