/** Numbers of lists and headings as Word shows them; they are not in the text and have to be counted. */
import { childOf, childrenOf, type XmlElement } from '../office/read-xml.ts';

type Level = { format: string; text: string; start: number; restartsAfter: number | undefined; isLegal: boolean };
type Definition = { levels: Map<number, Level>; styleLink: string | undefined };
type Use = { definition: string; overrides: Map<number, { start: number | undefined; level: Level | undefined }> };

export type Numbering = {
  /** Counts one paragraph and gives its marker: `-` for a bullet, '' for none; undefined when there is no such list. */
  next(numberingId: string, level: number): string | undefined;
};

const levelCount = 9;
const largestNumber = 1_000_000;

export function createNumbering(root: XmlElement | undefined): Numbering {
  const definitions = new Map(
    childrenOf(root, 'w:abstractNum').map((element) => [
      element.attributes['w:abstractNumId'] ?? '',
      toDefinition(element),
    ]),
  );
  const uses = new Map(
    childrenOf(root, 'w:num').map((element) => [element.attributes['w:numId'] ?? '', toUse(element)]),
  );
  const byStyle = new Map<string, Definition>();
  for (const element of childrenOf(root, 'w:abstractNum')) {
    const style = childOf(element, 'w:styleLink')?.attributes['w:val'];
    if (style !== undefined) byStyle.set(style, toDefinition(element));
  }
  const counters = new Map<string, (number | undefined)[]>();
  const started = new Set<string>();
  return {
    next(numberingId, wantedLevel) {
      const use = uses.get(numberingId);
      if (use === undefined) return undefined;
      const level = Math.min(Math.max(0, wantedLevel), levelCount - 1);
      const found = definitions.get(use.definition);
      const definition = found?.styleLink === undefined ? found : (byStyle.get(found.styleLink) ?? found);
      const levelOf: LevelOf = (index) => use.overrides.get(index)?.level ?? definition?.levels.get(index);
      const numbers = counters.get(use.definition) ?? [];
      counters.set(use.definition, numbers);
      const override = use.overrides.get(level)?.start;
      const key = `${numberingId}:${level}`;
      if (override !== undefined && !started.has(key)) numbers[level] = override - 1;
      started.add(key);
      count(numbers, level, levelOf);
      return toMarker(levelOf(level), (index) => numbers[index] ?? levelOf(index)?.start ?? 1, levelOf);
    },
  };
}

type LevelOf = (index: number) => Level | undefined;

/** The next number of a level; deeper ones begin again. */
function count(numbers: (number | undefined)[], level: number, levelOf: LevelOf): void {
  const before = numbers[level] ?? (levelOf(level)?.start ?? 1) - 1;
  numbers[level] = Math.min(before + 1, largestNumber);
  for (let deeper = level + 1; deeper < levelCount; deeper += 1) {
    const restartsAfter = levelOf(deeper)?.restartsAfter ?? deeper;
    if (restartsAfter !== 0 && level < restartsAfter) numbers[deeper] = undefined;
  }
}

function toMarker(level: Level | undefined, numberOf: (index: number) => number, levelOf: LevelOf): string {
  if (level === undefined || level.format === 'bullet') return '-';
  if (level.format === 'none') return level.text.replaceAll(/%\d/g, '').trim();
  return level.text
    .replaceAll(/%([1-9])/g, (_, digit: string) => {
      const index = Number(digit) - 1;
      const format = level.isLegal ? 'decimal' : (levelOf(index)?.format ?? 'decimal');
      return toNumeral(numberOf(index), format);
    })
    .trim();
}

function toDefinition(element: XmlElement): Definition {
  return {
    levels: new Map(
      childrenOf(element, 'w:lvl').map((level) => [Number(level.attributes['w:ilvl'] ?? 0), toLevel(level)]),
    ),
    styleLink: childOf(element, 'w:numStyleLink')?.attributes['w:val'],
  };
}

function toLevel(element: XmlElement): Level {
  const attributeIn = (name: string): string | undefined => childOf(element, name)?.attributes['w:val'];
  const restart = Number.parseInt(attributeIn('w:lvlRestart') ?? '', 10);
  const start = Number.parseInt(attributeIn('w:start') ?? '1', 10);
  return {
    format: attributeIn('w:numFmt') ?? 'decimal',
    text: (attributeIn('w:lvlText') ?? '').slice(0, 100),
    start: Number.isNaN(start) ? 1 : start,
    restartsAfter: Number.isNaN(restart) ? undefined : restart,
    isLegal: childOf(element, 'w:isLgl') !== undefined,
  };
}

function toUse(element: XmlElement): Use {
  const overrides = childrenOf(element, 'w:lvlOverride').map((override) => {
    const start = Number.parseInt(childOf(override, 'w:startOverride')?.attributes['w:val'] ?? '', 10);
    const level = childOf(override, 'w:lvl');
    return [
      Number(override.attributes['w:ilvl'] ?? 0),
      { start: Number.isNaN(start) ? undefined : start, level: level && toLevel(level) },
    ] as const;
  });
  return {
    definition: childOf(element, 'w:abstractNumId')?.attributes['w:val'] ?? '',
    overrides: new Map(overrides),
  };
}

const romans: readonly (readonly [number, string])[] = [
  [1000, 'm'],
  [900, 'cm'],
  [500, 'd'],
  [400, 'cd'],
  [100, 'c'],
  [90, 'xc'],
  [50, 'l'],
  [40, 'xl'],
  [10, 'x'],
  [9, 'ix'],
  [5, 'v'],
  [4, 'iv'],
  [1, 'i'],
];
const largestRoman = 4_000;
const largestLetter = 780;

/** A number in the given Word format; formats that are not known are shown as decimal. */
export function toNumeral(number: number, format: string): string {
  if (format === 'decimalZero') return String(number).padStart(2, '0');
  if (/Letter$/.test(format) && number >= 1 && number <= largestLetter) {
    const letter = String.fromCharCode(97 + ((number - 1) % 26)).repeat(Math.ceil(number / 26));
    return format.startsWith('upper') ? letter.toUpperCase() : letter;
  }
  if (/Roman$/.test(format) && number >= 1 && number < largestRoman) {
    const roman = toRoman(number);
    return format.startsWith('upper') ? roman.toUpperCase() : roman;
  }
  return String(number);
}

function toRoman(number: number): string {
  let left = number;
  let roman = '';
  for (const [value, letters] of romans) {
    const times = Math.floor(left / value);
    roman += letters.repeat(times);
    left -= times * value;
  }
  return roman;
}
