/** What a child found out about a document, as JSON; and back, where the child is not believed. */
import { signatureLength } from '#platform/text/min-hash.ts';
import { type DocumentAnalysis, type Entity, entityKinds } from '../service.ts';

const maxEntities = 1_000;
const maxTags = 50;
const maxNameCharacters = 200;
const maxWordCharacters = 100;
const largestWord = 2 ** 32 - 1;

export function toAnalysisReply({ signature, ...rest }: DocumentAnalysis): unknown {
  return { ...rest, signature: signature === undefined ? null : [...signature] };
}

/** Undefined when anything in it is not as `DocumentAnalysis` says, or does not fit the text. */
export function fromAnalysisReply(reply: unknown, text: string): DocumentAnalysis | undefined {
  const { language, classification, entities, signature } = fieldsOf(reply);
  const classified = toClassification(classification);
  const named = toEntities(entities, text);
  const signed = signature === null ? null : toSignature(signature);
  const isLanguage = typeof language === 'string' && /^[a-z]{2,3}$/.test(language);
  if (!isLanguage || classified === undefined || named === undefined || signed === undefined) return undefined;
  return { language, classification: classified, entities: named, signature: signed ?? undefined };
}

function toClassification(value: unknown): DocumentAnalysis['classification'] | undefined {
  const { type, category, tags, confidence, routingHint } = fieldsOf(value);
  const hasTags = Array.isArray(tags) && tags.length <= maxTags && tags.every(isWord);
  if (!isWord(type) || !isWord(category) || !hasTags || !isProbability(confidence)) return undefined;
  if (routingHint !== undefined && !isWord(routingHint)) return undefined;
  return { type, category, tags, confidence, routingHint };
}

function toEntities(value: unknown, text: string): Entity[] | undefined {
  if (!Array.isArray(value) || value.length > maxEntities) return undefined;
  const entities = value.map((entity) => toEntity(entity, text));
  return entities.every((entity) => entity !== undefined) ? entities : undefined;
}

function toEntity(value: unknown, text: string): Entity | undefined {
  const { kind: named, name, start, end, confidence } = fieldsOf(value);
  const kind = entityKinds.find((known) => known === named);
  if (kind === undefined || !isOffset(start, text) || !isOffset(end, text) || !isProbability(confidence))
    return undefined;
  if (start >= end || end - start > maxNameCharacters || text.slice(start, end) !== name) return undefined;
  return { kind, name, start, end, confidence };
}

function toSignature(value: unknown): Uint32Array | undefined {
  return Array.isArray(value) && value.length === signatureLength && value.every(isUint32)
    ? Uint32Array.from(value)
    : undefined;
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const isWord = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= maxWordCharacters && value.isWellFormed() && !value.includes('\0');

const isProbability = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1;

const isUint32 = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= largestWord;

const isOffset = (value: unknown, text: string): value is number => isUint32(value) && value <= text.length;
