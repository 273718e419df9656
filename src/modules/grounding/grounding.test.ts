import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGateway, gatewayConfig } from '#modules/gateway/index.ts';
import { createFakeEmbedder } from '#modules/gateway/testing/fake-embedder.ts';
import { createGrounding } from './grounding.ts';

const gateway = createGateway({
  chatModel: undefined,
  embedder: createFakeEmbedder(),
  config: gatewayConfig.parse({}),
});
const grounding = createGrounding({ gateway });
const signal = () => AbortSignal.timeout(5_000);

const text =
  'Acme was founded in 1998 in Porto. It sells 1,250 kinds of anchors. The anchors do not rust in sea water.';
const evidence = [
  { text: 'Cats sleep most of the day. They hunt at night.', start: 0, context: 'Animals' },
  { text, start: 500, context: 'Acme company' },
];
const supportOf = async (sentence: string) => (await grounding.supportOf([sentence], evidence, signal()))[0];

describe('supportOf', () => {
  it.each([
    ['Acme was founded in 1998 in Porto.', 'Acme was founded in 1998 in Porto.'],
    ['In Porto Acme was founded in 1998. [2]', 'Acme was founded in 1998 in Porto.'],
    ['It sells 1250 kinds of anchors.', 'It sells 1,250 kinds of anchors.'],
    ["The anchors don't rust in sea water.", 'The anchors do not rust in sea water.'],
  ])('finds what supports “%s”', async (sentence, expected) => {
    const support = await supportOf(sentence);
    expect(support?.supported).toBe(true);
    expect(support?.best?.passage).toBe(1);
    expect(text.slice((support?.best?.start ?? 0) - 500, (support?.best?.end ?? 0) - 500)).toBe(expected);
  });

  it.each([
    ['another number', 'Acme was founded in 1989 in Porto.'],
    ['a denial', 'Acme was not founded in 1998 in Porto.'],
    ['a denial left out', 'The anchors rust in sea water.'],
    ['something else', 'The president signed a trade agreement with Norway.'],
    ['nothing but small words', 'It is so.'],
  ])('does not support %s', async (_name, sentence) => {
    expect((await supportOf(sentence))?.supported).toBe(false);
  });

  it('joins two neighbouring sentences when the statement is drawn from both', async () => {
    const support = await supportOf('Acme, founded in Porto, sells kinds of anchors.');
    expect(support?.best).toMatchObject({ passage: 1, start: 500 });
    expect(support?.supported).toBe(true);
  });

  it('gives scores in [0, 1] and places inside their passages, whatever it reads', async () => {
    const words = fc.constantFrom(
      'Acme',
      'anchor',
      '12',
      '1,250.5',
      'not',
      '.',
      '\n',
      '# ',
      '| a |',
      '```',
      '[1]',
      'é',
      '字',
    );
    const line = fc.array(words, { maxLength: 12 }).map((parts) => parts.join(' '));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 4 }), fc.array(line, { maxLength: 4 }), async (sentences, texts) => {
        const passages = texts.map((body, index) => ({ text: body, start: index * 1_000, context: '' }));
        const supports = await grounding.supportOf(sentences, passages, signal());
        expect(supports).toHaveLength(sentences.length);
        for (const { score, places } of supports) {
          expect(score).toBeGreaterThanOrEqual(0);
          expect(score).toBeLessThanOrEqual(1);
          for (const { passage, start, end } of places) {
            const own = passages[passage];
            expect(start).toBeGreaterThanOrEqual(own?.start ?? 0);
            expect(end).toBeLessThanOrEqual((own?.start ?? 0) + (own?.text.length ?? 0));
            expect(end).toBeGreaterThan(start);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('answerability', () => {
  const judge = (question: string, confidence: number) =>
    grounding.answerability(question, evidence, confidence, signal());

  it('takes a question that the passages hold and ranks the answer first', async () => {
    const judged = await judge('How many kinds of anchors does Acme sell?', 0.9);
    expect(judged.answerable).toBe(true);
    const [best] = judged.candidates;
    expect(text.slice((best?.start ?? 0) - 500, (best?.end ?? 0) - 500)).toBe('It sells 1,250 kinds of anchors.');
  });

  it.each([
    ['about something else', 'Who won the election in Mongolia?', 0.1],
    ['about the one who asks', 'Where do I sleep?', 0.6],
    ['about another name', 'When was Globex founded?', 0.4],
    ['without words', '???', 0],
  ])('declines a question %s', async (_name, question, confidence) => {
    expect((await judge(question, confidence)).answerable).toBe(false);
  });

  const handbook = [
    {
      text: '## Limits\n\n| What | Limit | Who approves |\n| --- | --- | --- |\n| Software | 200 pounds | head of operations |\n| Train | second class | team lead |',
      start: 40,
      context: 'Expenses',
    },
    {
      text: 'Claims are filed before the tenth day. Claims that come later than 60 days are not paid.',
      start: 300,
      context: 'Expenses\nClaiming',
    },
    { text: 'Nobody loses a home because a part was late: the office calls first.', start: 900, context: 'Membership' },
  ];
  const ask = (question: string) => grounding.answerability(question, handbook, 0.8, signal());
  const bestOf = async (question: string) => {
    const [best] = (await ask(question)).candidates;
    const { text: own = '', start = 0 } = handbook[best?.passage ?? -1] ?? {};
    return own.slice((best?.start ?? 0) - start, (best?.end ?? 0) - start);
  };

  it.each([
    ['When are claims too late?', 'Claims that come later than 60 days are not paid.'],
    ['Who approves software?', '| Software | 200 pounds | head of operations |'],
  ])('ranks by headings, other forms of a word and the head of a table: “%s”', async (question, expected) => {
    expect(await bestOf(question)).toBe(expected);
  });

  it('declines “how many” when no number counts that', async () => {
    expect((await ask('How many claims were filed?')).answerable).toBe(false);
    expect((await ask('When are claims filed?')).answerable).toBe(true);
  });

  it('scores each part of a question that asks twice, and no part of one that asks once', async () => {
    const twice = await ask('When are claims filed and who approves software?');
    expect(twice.candidates.every(({ parts }) => parts.length === 2)).toBe(true);
    expect((await ask('When are claims filed?')).candidates[0]?.parts).toEqual([]);
  });

  it('declines everything when there are no passages', async () => {
    expect(await grounding.answerability('Anything?', [], 1, signal())).toEqual({
      answerable: false,
      score: 0,
      candidates: [],
    });
  });
});
