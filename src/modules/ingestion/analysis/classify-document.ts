/** What kind of document it is and what it is about, offline: rules on its name and structure, and labelled examples. */
import type { ParsedDocument } from '../ports.ts';
import type { Classification } from '../service.ts';
import examples from './data/labelled-examples.json' with { type: 'json' };
import nameWords from './data/name-words.json' with { type: 'json' };
import typeEndings from './data/type-endings.json' with { type: 'json' };
import { findKeyPhrases } from './find-key-phrases.ts';
import { countWords, createLabelScorer, type ScoredLabel } from './nearest-examples.ts';
import { takeSample } from './take-sample.ts';

export type ClassificationHints = { title: string; filename: string; mediaType: string };

const sampleCharacters = 24_000;
/** The title says more than any line of the text. */
const titleRepeats = 3;

const categoriesOf = createLabelScorer(examples.category, 'general');
const typesOf = createLabelScorer(examples.type, 'other');
const typeOfEnding = invert(typeEndings);
const typeOfNameWord = invert(nameWords);

/** Never throws; time does not grow with the length of the text. */
export function classifyDocument(document: ParsedDocument, hints: ClassificationHints): Classification {
  const { title, filename } = hints;
  const sample = takeSample(document.text, sampleCharacters);
  const words = countWords(`${`${title}\n`.repeat(titleRepeats)}${sample}`);
  const codeShare = shareOfCode(document);
  const favoured = codeShare > someCode ? technicalByCode : undefined;
  const category = categoriesOf(words, favoured)[0] ?? unknown;
  const type = typeOf(filename, words, codeShare);
  const routingHint = hintFor(type, category);
  const labels = [category, type].filter(({ label }) => label !== 'general' && label !== 'other');
  const sureLabels = labels.filter(({ probability }) => probability >= sureEnough).map(({ label }) => label);
  const phrases = findKeyPhrases(sample, title);
  const tags = new Set([...sureLabels, ...(routingHint === undefined ? [] : [routingHint]), ...phrases]);
  return {
    type: type.label,
    category: category.label,
    tags: [...tags].slice(0, maxTags),
    confidence: round((type.probability * category.probability) ** calibration),
    routingHint,
  };
}

/** The product says too little: fitted on the hand-labelled documents (0.7 said, 0.9 right), a little bold on others. */
const calibration = 0.6;

const maxTags = 10;
const sureEnough = 0.6;

const unknown: ScoredLabel = { label: 'other', probability: 0 };

/** How sure an ending and a text of code make: estimates, not measured. */
const endingProbability = 0.95;
const codeProbability = 0.85;
const mostlyCode = 0.6;
/** A word of the name multiplies the odds of the type that it stands for. */
const nameFavour = 6;
/** So much code makes a text technical. */
const someCode = 0.02;
const technicalByCode = new Map([['technical', 4]]);

function typeOf(filename: string, words: ReadonlyMap<string, number>, codeShare: number): ScoredLabel {
  const name = filename.toLowerCase();
  const ending = typeOfEnding.get(/\.([^./\\]{1,16})$/.exec(name)?.[1] ?? '');
  if (ending !== undefined) return { label: ending, probability: endingProbability };
  if (codeShare > mostlyCode) return { label: 'code', probability: codeProbability };
  const favours = new Map<string, number>();
  for (const part of name.match(/10-[qk]|[\p{L}\p{N}]+/gu) ?? []) {
    const type = typeOfNameWord.get(part);
    if (type !== undefined) favours.set(type, nameFavour);
  }
  return typesOf(words, favours)[0] ?? unknown;
}

function shareOfCode({ blocks }: ParsedDocument): number {
  let code = 0;
  let all = 0;
  for (const { kind, start, end } of blocks) {
    all += end - start;
    if (kind === 'code') code += end - start;
  }
  return all === 0 ? 0 : code / all;
}

const hintOfType = new Map([
  ['documentation', 'documentation'],
  ['tutorial', 'tutorial'],
]);
const hintOfCategory = new Map([
  ['financial', 'market'],
  ['market', 'market'],
  ['marketing', 'creative'],
  ['creative', 'creative'],
]);

/** What the shipped example consumers filter by; nothing when unsure, because a wrong hint sends a document astray. */
function hintFor(type: ScoredLabel, category: ScoredLabel): string | undefined {
  const byType = type.probability >= sureEnough ? hintOfType.get(type.label) : undefined;
  const byCategory = category.probability >= sureEnough ? hintOfCategory.get(category.label) : undefined;
  return byCategory ?? byType;
}

function invert(lists: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(lists).flatMap(([label, words]) => words.split(' ').map((word) => [word, label])));
}

const round = (probability: number): number => Math.round(probability * 1_000) / 1_000;
