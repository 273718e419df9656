/** What kind of thing a name stands for: own small lists first, then the words that names of a kind have in them. */
import type { Entity } from '../service.ts';
import gazetteer from './data/gazetteer.json' with { type: 'json' };
import signs from './data/name-signs.json' with { type: 'json' };
import type { NameRun, NameWord } from './find-name-runs.ts';

export type JudgedName = { kind: Entity['kind']; confidence: number; start: number; end: number };

const kindOfName = new Map<string, Entity['kind']>();
for (const kind of ['concept', 'technical', 'organization', 'location'] as const)
  for (const name of gazetteer[kind].split('|')) kindOfName.set(name, kind);

const givenNames = setOf(signs.givenNames);
const titles = setOf(signs.titles);
const organizationEndings = setOf(signs.organizationEndings);
const organizationBeginnings = setOf(signs.organizationBeginnings);
const locationEndings = setOf(signs.locationEndings);
const ambiguous = setOf(signs.ambiguous);
const particlesOfPersons = /^ (?:(?:de|la|le|du|der|den|van|von|di|da|del|dos) )*$/;
const surnameBeginning = new RegExp(`^(?:${signs.surnameBeginnings.replaceAll(' ', '|')})\\p{Lu}`, 'u');
const pluralAcronym = /^\p{Lu}{2,6}s$/u;

/** How often each sign is right: estimates, which order the signs; they were not measured. */
const listed = 0.9;
const listedAtStart = 0.6;
const byEnding = 0.85;
const byTitle = 0.85;
const byGivenName = 0.8;
const byInitial = 0.65;
const byLetters = 0.6;
const givenNameAlone = 0.4;
/** Written like a name, and nothing more is known. */
const unknownKind = 0.3;

/** The names in a run, most often one. */
export function judgeName(text: string, run: NameRun): JudgedName[] {
  const { words, start, end } = run;
  const known = kindOfName.get(text.slice(start, end));
  if (known !== undefined) return [{ kind: known, confidence: confidenceOf(run, known), start, end }];
  const [first] = words;
  const last = words.at(-1);
  if (first === undefined || last === undefined) return [];
  if (words.length === 1) return judgeWord(first, run.isSentenceStart);
  const judged = judgeWords(text, words, { first, last });
  if (judged !== undefined) return [judged];
  const parts = splitAtParticles(words);
  if (parts.length > 1) return parts.flatMap((part) => judgeName(text, { ...part, isSentenceStart: true }));
  const inside = words.flatMap((word) => judgeInside(word));
  return inside.length > 0 ? inside : [{ kind: 'concept', confidence: unknownKind, start, end }];
}

/** A word of a list that begins a sentence may be just a word. */
function confidenceOf({ words, isSentenceStart }: NameRun, kind: Entity['kind']): number {
  const isJustWord = isSentenceStart && words.length === 1 && kind !== 'location';
  return isJustWord || ambiguous.has(words[0]?.text ?? '') ? listedAtStart : listed;
}

const camelCase = /^(?=.*\p{Ll})\p{L}[\p{L}\p{N}.]*(?:\p{Ll}\p{Lu}|\p{Lu}{2}\p{Ll}|\p{L}\d)[\p{L}\p{N}.+#-]*$/u;

function judgeWord({ text, start, end }: NameWord, isSentenceStart: boolean): JudgedName[] {
  const isOther = pluralAcronym.test(text) || surnameBeginning.test(text);
  if (text.length > 2 && text.length <= 40 && !isOther && camelCase.test(text))
    return [{ kind: 'technical', confidence: byLetters, start, end }];
  if (givenNames.has(text) && !isSentenceStart) return [{ kind: 'person', confidence: givenNameAlone, start, end }];
  return [];
}

function judgeWords(
  text: string,
  words: readonly NameWord[],
  { first, last }: { first: NameWord; last: NameWord },
): JudgedName | undefined {
  const { start } = first;
  const { end } = last;
  const ending = withoutStop(last.text);
  if (organizationEndings.has(ending)) return { kind: 'organization', confidence: byEnding, start, end };
  if (organizationBeginnings.has(first.text) && /^\S+ (?:of|for) /.test(text.slice(start, end)))
    return { kind: 'organization', confidence: byEnding, start, end };
  if (locationEndings.has(ending)) return { kind: 'location', confidence: byEnding, start, end };
  return judgePerson(text, words, ending);
}

function judgePerson(text: string, words: readonly NameWord[], ending: string): JudgedName | undefined {
  const [first, second] = words;
  const last = words.at(-1);
  if (first === undefined || second === undefined || last === undefined || words.length > 4) return undefined;
  const { start } = first;
  const { end } = last;
  const areTogether = words
    .slice(1)
    .every((word, at) => particlesOfPersons.test(text.slice(words[at]?.end, word.start)));
  if (!areTogether || !words.every(({ text: word }) => isPersonWord(word)) || titles.has(second.text)) return undefined;
  if (titles.has(withoutStop(first.text))) return { kind: 'person', confidence: byTitle, start: second.start, end };
  if (givenNames.has(first.text)) return { kind: 'person', confidence: byGivenName, start, end };
  const hasInitial = words.slice(0, -1).some(({ text: word }) => /^\p{Lu}\.$/u.test(word));
  return hasInitial && ending.length > 2 ? { kind: 'person', confidence: byInitial, start, end } : undefined;
}

/** `Tim Cook of Apple` is two names where it is not one. */
function splitAtParticles(words: readonly NameWord[]): Omit<NameRun, 'isSentenceStart'>[] {
  const parts: Omit<NameRun, 'isSentenceStart'>[] = [];
  for (const word of words) {
    const last = parts.at(-1);
    if (last === undefined || word.start - last.end > 1) {
      parts.push({ words: [word], start: word.start, end: word.end });
    } else {
      last.words.push(word);
      last.end = word.end;
    }
  }
  return parts;
}

/** Listed names among words that say nothing together. */
function judgeInside({ text, start, end }: NameWord): JudgedName[] {
  const kind = kindOfName.get(text);
  if (kind !== undefined) return [{ kind, confidence: listedAtStart, start, end }];
  return judgeWord({ text, start, end }, true);
}

const isPersonWord = (word: string): boolean => /^\p{Lu}(?:\.|[\p{Ll}\p{M}’'-]+(?:\p{Lu}\p{Ll}+)?\.?)$/u.test(word);
const withoutStop = (word: string): string => (word.endsWith('.') ? word.slice(0, -1) : word);

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}
