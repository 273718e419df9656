/**
 * Takes from a model's answer what could carry data out when it is shown: images, HTML that loads or navigates, and
 * every address that does not stand in a served passage word for word. Works on a stream: cutting it elsewhere never
 * changes the result.
 */

export type OutputFilter = {
  /** The part of the answer that is safe to show now. */
  push(text: string): string;
  /** The rest. */
  end(): string;
};

/** A construct longer than this is shown as plain text without its address. In characters. */
const longestConstruct = 4_000;
const address = /^(?:[a-z][a-z0-9+.-]{0,30}:\/\/|www\.|mailto:|data:|javascript:|vbscript:)[^\s<>"'`()[\]{}]*/i;
/** Characters that an address may begin with, so that a word at the end of what has come is held until it ends. */
const word = /^[\p{L}\p{N}][^\s<>"'`()[\]{}!]*/u;
const tag =
  /^<\/?(?:img|image|a|iframe|frame|script|link|style|object|embed|video|audio|source|svg|math|form|input|button|base|meta|picture|body|html|table|td|area|map|portal|template)\b/i;
const tagBegins = /^<\/?[a-z]{0,8}$/i;
const link = /^!?\[([^[\]\n]{0,1000})\]\([ \t]*<?([^()\s<>]*)>?(?:[ \t]+(?:"[^"()\n]*"|'[^'()\n]*'))?[ \t]*\)/;
const linkBegins = /^!?\[[^[\]\n]{0,1000}(?:\](?:\([^()\n]*)?)?$/;

/** A citation mark with the space before it; `1` or `1, 2` in brackets. */
const mark = /^ ?\[(\d{1,3}(?:[ \t]*[,;][ \t]*\d{1,3})*)\]/;
const markBegins = /^ ?(?:\[[\d ,;\t]{0,60}\]?)?$/;

const removedAddress = '[link removed]';

/** What was read at the beginning of the text: how much of it, and what is shown instead. Undefined: wait for more. */
type Step = { length: number; shown: string } | undefined;

/** `passageTexts` are the passages served, the first being `[1]`: other marks and addresses out of nowhere are dropped. */
export function createOutputFilter(passageTexts: readonly string[]): OutputFilter {
  const isServed = (url: string) => passageTexts.some((text) => text.includes(url));
  const take = (text: string, ended: boolean): Step => {
    const first = text.charAt(0);
    if (first === '[' || first === ' ') return takeMark(text, ended, passageTexts.length, isServed);
    if (first === '!') return takeLink(text, ended, isServed);
    if (first === '<') return takeTag(text, ended);
    if (first === '/') return takeSlashes(text, ended, isServed);
    if (/[\p{L}\p{N}]/u.test(first)) return takeWord(text, ended, isServed);
    return { length: 1, shown: first };
  };
  let pending = '';
  let last = '';
  const drain = (ended: boolean): string => {
    let shown = '';
    let at = 0;
    while (at < pending.length) {
      const step = take(pending.slice(at, at + longestConstruct), ended || pending.length - at >= longestConstruct);
      if (step === undefined) break;
      // `](` is what makes a link or an image of a label: it never leaves, whatever it was put together from.
      const joins = last === ']' && step.shown.startsWith('(');
      shown += joins ? ` ${step.shown}` : step.shown;
      last = step.shown.at(-1) ?? last;
      at += step.length;
    }
    pending = pending.slice(at);
    return shown;
  };
  return {
    push(text) {
      pending += text;
      return drain(false);
    },
    end: () => drain(true),
  };
}

/** Shows a mark only with the numbers of passages that were served. */
function takeMark(text: string, ended: boolean, passages: number, isServed: (url: string) => boolean): Step {
  const found = mark.exec(text);
  if (!ended && (found === null ? markBegins.test(text) : found[0].length === text.length)) return undefined;
  const isMark = found !== null && text.charAt(found[0].length) !== '(';
  if (!isMark) return text.startsWith('[') ? takeLink(text, ended, isServed) : { length: 1, shown: ' ' };
  const [whole, list = ''] = found;
  const known = list
    .split(/[,;]/)
    .map(Number)
    .filter((number) => number >= 1 && number <= passages);
  const space = whole.startsWith(' ') ? ' ' : '';
  return { length: whole.length, shown: known.length === 0 ? '' : `${space}[${known.join(', ')}]` };
}

/** `//host/path` is an address where a page is shown. */
function takeSlashes(text: string, ended: boolean, isServed: (url: string) => boolean): Step {
  const url = /^\/\/[\p{L}\p{N}][^\s<>"'`()[\]{}]*/u.exec(text)?.[0];
  if (!ended && (text === '/' || text === '//' || url?.length === text.length)) return undefined;
  if (url === undefined) return { length: 1, shown: '/' };
  return { length: url.length, shown: isServed(url) ? url : removedAddress };
}

function takeLink(text: string, ended: boolean, isServed: (url: string) => boolean): Step {
  const whole = link.exec(text);
  if (whole !== null) {
    const [match, label = '', url = ''] = whole;
    const name = filterOutput(label, isServed);
    // An image loads by itself, so its address goes even when it was served.
    const target = !match.startsWith('!') && isServed(url) && address.test(url) ? ` (${url})` : '';
    return { length: match.length, shown: `${name}${target}` };
  }
  if (!ended && (text === '!' || linkBegins.test(text))) return undefined;
  return { length: 1, shown: text.charAt(0) };
}

function takeTag(text: string, ended: boolean): Step {
  if (!ended && tagBegins.test(text)) return undefined;
  if (!tag.test(text)) return { length: 1, shown: '<' };
  const close = text.indexOf('>');
  if (close >= 0) return { length: close + 1, shown: '' };
  return ended ? { length: text.length, shown: '' } : undefined;
}

function takeWord(text: string, ended: boolean, isServed: (url: string) => boolean): Step {
  const url = address.exec(text)?.[0];
  const whole = url ?? word.exec(text)?.[0] ?? text.charAt(0);
  // The end of what has come may be the middle of an address.
  if (!ended && whole.length === text.length) return undefined;
  if (url === undefined) return { length: whole.length, shown: hideInnerAddress(whole) };
  const bare = url.replace(/[.,;:!?]+$/, '');
  return isServed(bare) ? { length: bare.length, shown: bare } : { length: bare.length, shown: removedAddress };
}

/** `see:https://…` is one word to us and an address to a reader. */
function hideInnerAddress(whole: string): string {
  return whole.replace(/(?:[a-z][a-z0-9+.-]{0,30}:\/\/|www\.).*$/iu, removedAddress);
}

/** The whole of a text at once. */
function filterOutput(text: string, isServed: (url: string) => boolean): string {
  return text.replace(/(?:[a-z][a-z0-9+.-]{0,30}:\/\/|www\.)[^\s<>"'`()[\]{}]*/gi, (url) =>
    isServed(url) ? url : removedAddress,
  );
}
