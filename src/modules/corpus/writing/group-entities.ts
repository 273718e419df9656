/** The mentions of one document, grouped by what they mean: bounded in number, those mentioned most first. */
import type { NewEntity } from '../service.ts';

export type EntityGroup = {
  kind: NewEntity['kind'];
  /** As it stands at its first mention. */
  name: string;
  normalisedName: string;
  mentions: { start: number; end: number; confidence: number }[];
  mentionCount: number;
  /** The highest of its mentions. */
  confidence: number;
};

/** Positions kept of one name; the count goes on. */
const mostMentions = 20;
/** What an entry of the database's index can hold, whatever the script: 4 bytes a character at most. */
const longestName = 300;

export function groupEntities(entities: readonly NewEntity[], limit: number): EntityGroup[] {
  const groups = new Map<string, EntityGroup>();
  for (const { kind, name, start, end, confidence } of entities) {
    const normalisedName = normalise(name);
    if (normalisedName === '' || normalisedName.length > longestName) continue;
    const key = `${kind} ${normalisedName}`;
    const group = groups.get(key) ?? { kind, name, normalisedName, mentions: [], mentionCount: 0, confidence: 0 };
    groups.set(key, group);
    if (group.mentions.length < mostMentions) group.mentions.push({ start, end, confidence });
    group.mentionCount += 1;
    group.confidence = Math.max(group.confidence, confidence);
  }
  return [...groups.values()].sort(byWeight).slice(0, limit);
}

const normalise = (name: string): string => name.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

function byWeight(left: EntityGroup, right: EntityGroup): number {
  return right.mentionCount - left.mentionCount || right.confidence - left.confidence;
}
