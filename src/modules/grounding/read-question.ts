/** What a question asks for: its parts, and what an answer to it must hold that the question does not. */
import { termsOf } from './read-statement.ts';

/** `any` when the question word does not tell. */
export type AnswerKind = 'count' | 'amount' | 'time' | 'name' | 'place' | 'any';

export type Wanted = {
  kind: AnswerKind;
  /** Terms of what is counted in “how many …”; empty for other questions. */
  counted: ReadonlySet<string>;
  /** Words of the question in lower case: to repeat them is no answer. */
  known: ReadonlySet<string>;
};

/** The first of these decides: “what happens when …” does not ask for a time. */
const questionWord = /\b(?:who|whom|whose|what|which|when|where|why|how)\b.*/is;
const counts =
  /^how many\s+(?<counted>.+?)(?=\s(?:is|are|was|were|do|does|did|has|have|had|can|may|must|will|would|should)\b|[?.,;]|$)/is;
const amounts =
  /^how (?:much|long|old|far|tall|high|large|big|often|deep|heavy|fast|wide)\b|^(?:what|which) (?:(?:is|was|are|were) the )?(?:\w+ ){0,2}(?:percent|percentage|number|amount|rate|price|cost|total|proportion|share of|population)\b/i;
const times = /^when\b|^(?:what|which) (?:year|date|day|month|time|century|decade)\b|^how (?:soon|late|early)\b/i;
const people = /^(?:who|whom|whose)\b/i;
const places = /^where\b|^(?:what|which) (?:city|country|state|place|town|region)\b/i;

const digits = /(?<!\p{L})\p{Nd}[\p{Nd},.:]*/gu;
const numberWord =
  /\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|half|twice|once|several|no|nobody|none)\b/giu;
const timeWord =
  /\b(?:january|february|march|april|may|june|july|august|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|today|tomorrow|yesterday|centur(?:y|ies)|spring|summer|autumn|winter|morning|evening|night|midnight|noon|annually|daily|weekly|monthly|(?:day|week|month|year|hour|minute)s?|era|period)\b/giu;
/** A word with a capital that does not open a sentence. */
const capital = /(?<!^|[.?!:]\s+|^["“(*-]+)(?<![\p{L}\p{N}-])\p{Lu}\p{L}[\p{L}\p{N}'’-]*/gu;
const anyWord = /[\p{L}\p{N}][\p{L}\p{M}\p{N}.,:'’-]*/gu;

const signsOf: Record<Exclude<AnswerKind, 'any'>, readonly RegExp[]> = {
  count: [digits, numberWord],
  amount: [digits, numberWord],
  time: [digits, timeWord],
  name: [capital],
  place: [capital],
};

export function readWanted(question: string): Wanted {
  const known = new Set(wordsOf(question));
  const asking = questionWord.exec(question)?.[0] ?? '';
  const counted = termsOf(counts.exec(asking)?.groups?.counted ?? '');
  return { kind: counted.size === 0 ? kindOf(asking) : 'count', counted, known };
}

function kindOf(asking: string): AnswerKind {
  if (amounts.test(asking)) return 'amount';
  if (times.test(asking)) return 'time';
  if (people.test(asking)) return 'name';
  return places.test(asking) ? 'place' : 'any';
}

/** True when the sentence holds something of the wanted kind that the question did not say itself. */
export function holdsWanted({ kind, known }: Wanted, sentence: string): boolean {
  if (kind === 'any') return true;
  return signsOf[kind].some((sign) => (sentence.match(sign) ?? []).some((word) => !known.has(bare(word))));
}

/** How many words behind a number may be what it counts, as in “12 newly elected members”. */
const countReach = 5;

/** As `holdsWanted`, and for “how many …” the number must belong to what is counted. */
export function couldAnswer(wanted: Wanted, sentence: string): boolean {
  const { kind, counted } = wanted;
  if (kind !== 'count') return holdsWanted(wanted, sentence);
  const words = sentence.match(anyWord) ?? [];
  const isCounted = (word: string | undefined) =>
    word !== undefined && [...termsOf(word)].some((term) => counted.has(term));
  return words.some((word, at) => {
    const isNumber = /^\p{Nd}/u.test(word) || word.replace(numberWord, '') === '';
    // “Members: 12”, or a phrase that begins with the number.
    return isNumber && (isCounted(words[at - 1]) || phraseAt(words, at + 1).some(isCounted));
  });
}

/** The words from a place on that make one phrase: content words, and what `of` joins to them. */
function phraseAt(words: readonly string[], from: number): string[] {
  const rest = words.slice(from, from + countReach);
  const end = rest.findIndex((word, at) => termsOf(word).size === 0 && word !== 'of' && rest[at - 1] !== 'of');
  return end < 0 ? rest : rest.slice(0, end);
}

/** Where a further question begins: `and`, a comma or a question mark before a question word. */
const nextPart =
  /(?:[,;]?\s+and\s+|[,;?]\s+)(?=(?:who|whom|whose|what|when|where|why|how|which|does|do|did|is|are|was|were|can)\b)/i;
/** More parts than this are a list that nobody answers in three sentences. */
const mostParts = 4;

/** A part with fewer content words of its own takes those of the part before along. */
const fewestWords = 2;

/** “When did it flood and who was the keeper?” asks twice. A question that asks once is its own and only part. */
export function partsOf(question: string): string[] {
  const parts = question
    .split(nextPart)
    .map((part) => part.trim())
    .filter((part) => termsOf(part).size > 0);
  if (parts.length < 2) return [question];
  return parts
    .slice(0, mostParts)
    .map((part, at) => (at > 0 && termsOf(part).size < fewestWords ? `${part} ${parts[at - 1] ?? ''}` : part));
}

function wordsOf(text: string): string[] {
  return (text.match(anyWord) ?? []).map(bare);
}

function bare(word: string): string {
  return word.toLowerCase().replace(/(?:['’]s)?[.,:]*$/, '');
}
