/** A document of which every fact is invented, so that only it can answer. Long enough that the passage lies far down. */

const flood =
  'The cellar of the Skagen lighthouse flooded in March 1931, when a storm tide broke the seaward wall. ' +
  'The keeper, Anna Rask, carried the lamp oil to the upper gallery and kept the light burning for three nights.';

const note = (number: number) =>
  `Note ${number}. The paint of the railings is renewed in spring, and the colour is written down in the green book.`;

const notes = Array.from({ length: 120 }, (_, index) => note(index + 1)).join('\n\n');

export const lighthouse = {
  name: 'lighthouse.md',
  text: `# History of the Skagen lighthouse\n\n${notes}\n\n## The flood\n\n${flood}\n\n## Later\n\n${notes}\n`,
  question: 'When did the cellar of the lighthouse flood?',
  /** What a right answer must contain, and the passage it cites too. */
  fact: '1931',
};
