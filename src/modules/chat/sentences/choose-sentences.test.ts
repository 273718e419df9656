import { describe, expect, it } from 'vitest';
import { splitSentences } from '#platform/text/split-sentences.ts';
import { composeAnswer } from '../answer-from-passages.ts';
import { chooseSentences } from './choose-sentences.ts';

/** A document from offset 100, each sentence a candidate with the score given behind `|`. */
function serve(...lines: [string, number][]) {
  const text = lines.map(([line]) => line).join('\n\n');
  const passages = [{ documentId: 'd', text, start: 100 }];
  const candidates = splitSentences(text)
    .map(({ start, end }) => {
      const score = lines.find(([line]) => line.includes(text.slice(start, end)))?.[1] ?? 0;
      return { passage: 0, start: start + 100, end: end + 100, score, parts: [] as number[] };
    })
    .sort((left, right) => right.score - left.score);
  return {
    passages,
    candidates,
    cite: (one: { start: number; end: number }) => text.slice(one.start - 100, one.end - 100),
  };
}

const question = 'How is the widget cleaned?';

describe('chooseSentences', () => {
  it('takes prose before a heading, a table or code that scores higher', () => {
    const { passages, candidates } = serve(
      ['# How the widget is cleaned', 0.9],
      ['| widget | cleaned | yes |', 0.85],
      ['widget.clean();', 0.85],
      ['The **widget** is cleaned with warm water.', 0.8],
    );
    expect(chooseSentences(question, candidates, passages, 1).map(({ text }) => text)).toEqual([
      'The widget is cleaned with warm water.',
    ]);
  });

  it('takes the table row when nothing readable comes near', () => {
    const { passages, candidates } = serve(['| widget | cleaned | warm water |', 0.9], ['The sky is blue today.', 0.1]);
    expect(chooseSentences(question, candidates, passages, 3).map(({ text }) => text)).toEqual([
      'widget | cleaned | warm water',
    ]);
  });

  it('cites the exact place in the document', () => {
    const { passages, candidates, cite } = serve(['The **widget** is cleaned with [warm](x) water.', 0.9]);
    const [chosen] = chooseSentences(question, candidates, passages, 3);
    expect(chosen && cite(chosen)).toBe('The **widget** is cleaned with [warm](x) water.');
  });

  it('puts the best sentence first and leaves out what says the same again', () => {
    const { passages, candidates } = serve(
      ['First the widget is opened with a flat screwdriver.', 0.7],
      ['The widget is cleaned with warm water only.', 0.8],
      ['The widget is cleaned with warm water only, always.', 0.79],
    );
    expect(chooseSentences(`${question} Opened?`, candidates, passages, 3).map(({ text }) => text)).toEqual([
      'The widget is cleaned with warm water only.',
      'First the widget is opened with a flat screwdriver.',
    ]);
  });

  it('leaves out what adds no word of the question, however close it comes', () => {
    const { passages, candidates } = serve(
      ['The widget is cleaned with warm water.', 0.8],
      ['Many a widget was sold in the north.', 0.79],
    );
    expect(chooseSentences(question, candidates, passages, 3)).toHaveLength(1);
  });

  it('gives each part of a question its sentence, in the order of asking', () => {
    const { passages, candidates } = serve(
      ['The keeper was Tom Hale.', 0.6],
      ['The cellar flooded in March 1962.', 0.5],
      ['Keepers are paid monthly.', 0.55],
    );
    const scores = [
      [0.2, 0.8],
      [0.3, 0.6],
      [0.9, 0.2],
    ];
    const asked = candidates.map((one, at) => ({ ...one, parts: scores[at] ?? [] }));
    const both = 'When did the cellar flood and who was the keeper?';
    expect(chooseSentences(both, asked, passages, 3).map(({ text }) => text)).toEqual([
      'The cellar flooded in March 1962.',
      'The keeper was Tom Hale.',
    ]);
  });

  it('answers with the row of a table, never with its head', () => {
    const text = '| What | Limit | Who approves |\n| --- | --- | --- |\n| Software | 200 pounds | head of operations |';
    const passages = [{ documentId: 'd', text, start: 0 }];
    const candidates = splitSentences(text).map((span) => ({ passage: 0, ...span, score: 0.8, parts: [] }));
    expect(chooseSentences('Who approves software?', candidates, passages, 1).map(({ text: shown }) => shown)).toEqual([
      'Software | 200 pounds | head of operations',
    ]);
  });

  it('brings the sentence before along when the best one leans on it', () => {
    const text = 'The widget needs care. It is cleaned with warm water.';
    const passages = [{ documentId: 'd', text, start: 0 }];
    const candidates = [
      { passage: 0, start: 23, end: text.length, score: 0.8, parts: [] },
      { passage: 0, start: 0, end: 22, score: 0.3, parts: [] },
    ];
    expect(chooseSentences(question, candidates, passages, 3).map(({ text: shown }) => shown)).toEqual([
      'The widget needs care.',
      'It is cleaned with warm water.',
    ]);
  });

  it('gives nothing for nothing', () => {
    expect(chooseSentences(question, [], [], 3)).toEqual([]);
  });
});

describe('composeAnswer', () => {
  it('puts a mark behind each sentence and says where each stands', () => {
    const chosen = [
      { passage: 4, start: 10, end: 20, score: 1, text: 'One thing.' },
      { passage: 2, start: 30, end: 40, score: 1, text: 'A list item' },
      { passage: 4, start: 50, end: 60, score: 1, text: 'The end.' },
    ];
    const { deltas, sentences } = composeAnswer(chosen, [4, 2]);
    const answer = deltas.join('');
    expect(answer).toBe('One thing. [1] A list item [2]\nThe end. [1]');
    for (const { text, start, end } of sentences) expect(answer.slice(start, end)).toBe(text);
    expect(sentences[1]?.citations).toEqual([{ source: 2, start: 30, end: 40 }]);
  });
});
