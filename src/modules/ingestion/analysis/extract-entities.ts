/** Names for the graph, by rules and small lists of our own; scripts without capitals have none. Never throws. */
import type { Entity } from '../service.ts';
import gazetteer from './data/gazetteer.json' with { type: 'json' };
import { findNameRuns } from './find-name-runs.ts';
import { type JudgedName, judgeName } from './judge-name.ts';

export type EntityOptions = {
  /** Most mentions in all. */
  maxEntities: number;
  /** Most mentions of one name. */
  maxMentions: number;
};

/** What stands behind is not looked at: the names that matter have come by then. */
const scannedCharacters = 2_000_000;
/** Names held while reading; further ones are left out. */
const maxNames = 20_000;
const longestName = 120;

type Found = Pick<Entity, 'kind' | 'name' | 'confidence'> & { count: number; starts: number[] };

/** In the order of the text. The surest and most frequent names are kept where there are too many. */
export function extractEntities(whole: string, options: EntityOptions): Entity[] {
  const text = whole.length > scannedCharacters ? whole.slice(0, scannedCharacters) : whole;
  const found = new Map<string, Found>();
  const add = (name: JudgedName): void => addName(found, text, name, options.maxMentions);
  for (const run of findNameRuns(text)) for (const name of judgeName(text, run)) add(name);
  for (const name of findCode(text)) add(name);
  for (const name of findConcepts(text)) add(name);
  return choose([...found.values()], options);
}

function addName(found: Map<string, Found>, text: string, judged: JudgedName, maxMentions: number): void {
  const { kind, confidence, start, end } = judged;
  if (end - start > longestName) return;
  const name = text.slice(start, end);
  const key = `${kind}:${name}`;
  const known = found.get(key);
  if (known === undefined) {
    if (found.size < maxNames) found.set(key, { kind, name, confidence, count: 1, starts: [start] });
    return;
  }
  known.count += 1;
  known.confidence = Math.max(known.confidence, confidence);
  if (known.starts.length < maxMentions) known.starts.push(start);
}

const leastConfidence = 0.4;
const mostConfidence = 0.97;
/** Each doubling of the mentions makes a name surer by this. */
const surerPerDoubling = 0.05;

function choose(found: readonly Found[], { maxEntities }: EntityOptions): Entity[] {
  const sure = found
    .map((one) => ({ ...one, confidence: surer(one) }))
    .filter(({ confidence, kind, count }) => confidence >= leastConfidence && (kind !== 'concept' || count > 1))
    .sort((one, other) => weight(other) - weight(one) || (one.name < other.name ? -1 : 1));
  const mentions = sure
    .slice(0, maxEntities)
    .flatMap(({ kind, name, confidence, starts }) =>
      starts.map((start): Entity => ({ kind, name, start, end: start + name.length, confidence })),
    );
  return mentions.slice(0, maxEntities).sort((one, other) => one.start - other.start || one.end - other.end);
}

function surer({ confidence, count }: Found): number {
  const raised = confidence + surerPerDoubling * Math.log2(count);
  return Math.round(Math.min(Math.max(mostConfidence, confidence), raised) * 100) / 100;
}

const weight = ({ confidence, count }: Pick<Found, 'confidence' | 'count'>): number =>
  confidence * (1 + Math.log2(count));

const codeSpan = /`([\p{L}_][\p{L}\p{N}_.:/-]{1,58}(?:\(\))?)`/gu;
const codeConfidence = 0.6;

function* findCode(text: string): Generator<JudgedName> {
  for (const { 0: whole, 1: name = '', index } of text.matchAll(codeSpan)) {
    const start = index + whole.indexOf(name);
    yield { kind: 'technical', confidence: codeConfidence, start, end: start + name.length };
  }
}

const concepts = new RegExp(`\\b(?:${gazetteer.concept})\\b`, 'gi');
const conceptConfidence = 0.75;

function* findConcepts(text: string): Generator<JudgedName> {
  for (const { 0: name, index } of text.matchAll(concepts))
    yield { kind: 'concept', confidence: conceptConfidence, start: index, end: index + name.length };
}
