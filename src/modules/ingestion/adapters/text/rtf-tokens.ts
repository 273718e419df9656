/** Reads RTF once from left to right: groups, control words, characters of code pages and of Unicode. */
import { AppError } from '#platform/errors.ts';
import { createRtfDocument, type RtfPart } from './rtf-document.ts';

type Group = { isHidden: boolean; isTitle: boolean; fallback: number; codePage: string };

const hidden = new Set(
  (
    'fonttbl colortbl stylesheet listtable listoverridetable rsidtbl generator pict object fldinst header headerl ' +
    'headerr headerf footer footerl footerr footerf xmlnstbl themedata colorschememapping datastore latentstyles ' +
    'revtbl author operator company doccomm keywords subject comment creatim revtim printim buptim bkmkstart bkmkend ' +
    'mmathPr filetbl private nonshppict shppict'
  ).split(' '),
);
const characters: Readonly<Record<string, string>> = {
  tab: '\t',
  line: '\n',
  emdash: '—',
  endash: '–',
  emspace: ' ',
  enspace: ' ',
  bullet: '•',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
};
const mostGroups = 1_000;
const codePages: Readonly<Record<number, string>> = {
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  65001: 'utf-8',
  10000: 'macintosh',
};

export type ReadRtf = { parts: RtfPart[]; title: string | undefined; isComplete: boolean };

const token = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z'])|([{}])|([^\\{}\r\n]+)|[\s\S]/giy;

/** Throws DOCUMENT_DAMAGED when groups nest too deeply. `isComplete` is false when a group was never closed. */
export function readRtf(bytes: Uint8Array): ReadRtf {
  const source = new TextDecoder('latin1').decode(bytes);
  const reading = createReading();
  const tokens = new RegExp(token);
  for (let match = tokens.exec(source); match !== null; match = tokens.exec(source)) {
    tokens.lastIndex += binaryBytes(match);
    reading.take(match);
  }
  return reading.end();
}

/** `\bin` is followed by so many bytes of a picture. */
function binaryBytes([, word, number = '0']: RegExpExecArray): number {
  return word === 'bin' ? Math.max(0, Number(number)) : 0;
}

function createReading() {
  const document = createRtfDocument();
  const sink = createCharacterSink((piece) => document.put(piece));
  const controls: Readonly<Record<string, (value: number | undefined) => void>> = {
    par: document.endParagraph,
    sect: document.endParagraph,
    page: document.endParagraph,
    cell: document.endCell,
    row: document.endRow,
    intbl: document.enterTable,
    pard: document.resetParagraph,
    outlinelevel: (value = 9) => document.setOutlineLevel(value),
    uc: (value = 1) => sink.change({ fallback: Math.max(0, Math.min(value, 16)) }),
    ansicpg: (value = 1252) => sink.change({ codePage: labelOf(value) }),
    u: (value = 0) => sink.unicode(value),
    title: () => sink.change({ isTitle: true }),
  };
  const reading = {
    control(word: string, value: number | undefined): void {
      if (hidden.has(word)) sink.change({ isHidden: true });
      else if (Object.hasOwn(characters, word)) sink.write(characters[word] ?? '');
      else if (Object.hasOwn(controls, word) && !(sink.isHidden() && word !== 'title')) {
        sink.flush();
        controls[word]?.(value);
      }
    },
    byte: sink.byte,
    symbol(symbol: string): void {
      if (symbol === '*') sink.change({ isHidden: true });
      else if (symbol === '~') sink.write('\u00A0');
      else if (symbol === '_') sink.write('-');
      else if ('\\{}'.includes(symbol)) sink.write(symbol);
      else if (symbol === '\n' || symbol === '\r') {
        sink.flush();
        document.endParagraph();
      }
    },
    brace: (brace: string): void => (brace === '{' ? sink.open() : sink.close()),
    text: sink.write,
    end(): ReadRtf {
      sink.flush();
      const title = sink.title().replaceAll(/\s+/g, ' ').trim();
      return { parts: document.end(), title: title === '' ? undefined : title, isComplete: sink.depth() === 1 };
    },
  };
  return {
    end: reading.end,
    take([, word, number, hex, symbol, brace, text]: RegExpExecArray): void {
      if (word !== undefined) reading.control(word, number === undefined ? undefined : Number(number));
      else if (hex !== undefined) reading.byte(Number.parseInt(hex, 16));
      else if (symbol !== undefined) reading.symbol(symbol);
      else if (brace !== undefined) reading.brace(brace);
      else if (text !== undefined) reading.text(text);
    },
  };
}

/** Characters in the state of their group: hidden, part of the title, in a code page, or stand-ins of a Unicode one. */
function createCharacterSink(put: (piece: string) => void) {
  let group: Group = { isHidden: false, isTitle: false, fallback: 1, codePage: 'windows-1252' };
  const groups = [group];
  let pending: number[] = [];
  let title = '';
  let skip = 0;
  const show = (piece: string): void => {
    if (group.isTitle) title += piece;
    else if (!group.isHidden) put(piece);
  };
  const flush = (): void => {
    if (pending.length === 0) return;
    const decoded = new TextDecoder(group.codePage).decode(Uint8Array.from(pending));
    pending = [];
    show(decoded);
  };
  const write = (piece: string): void => {
    flush();
    const shown = piece.slice(Math.min(skip, piece.length));
    skip -= piece.length - shown.length;
    show(shown);
  };
  return {
    flush,
    write,
    title: () => title,
    depth: () => groups.length,
    isHidden: () => group.isHidden,
    change(marks: Partial<Group>): void {
      flush();
      Object.assign(group, marks);
    },
    byte(value: number): void {
      if (skip > 0) skip -= 1;
      else pending.push(value);
    },
    unicode(value: number): void {
      write(String.fromCharCode(value & 0xffff));
      skip = group.fallback;
    },
    open(): void {
      flush();
      skip = 0;
      if (groups.length >= mostGroups) {
        throw new AppError('DOCUMENT_DAMAGED', 'invalid', `The file nests more than ${mostGroups} groups.`);
      }
      group = { ...group };
      groups.push(group);
    },
    close(): void {
      flush();
      skip = 0;
      if (groups.length > 1) groups.pop();
      group = groups.at(-1) ?? group;
    },
  };
}

function labelOf(codePage: number): string {
  return codePages[codePage] ?? (codePage >= 1_250 && codePage <= 1_258 ? `windows-${codePage}` : 'windows-1252');
}
