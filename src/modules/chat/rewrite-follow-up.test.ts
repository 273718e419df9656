import { describe, expect, it } from 'vitest';
import { rewriteFollowUp } from './rewrite-follow-up.ts';

const earlier = ['What was the revenue of NVIDIA in 2022?'];

describe('rewriteFollowUp', () => {
  it.each([
    ['and in 2023?', 'and in 2023? revenue NVIDIA'],
    ['Why?', 'Why? revenue NVIDIA 2022'],
    ['How did it change?', 'How did it change? revenue NVIDIA 2022'],
    ['Why did the board report it?', 'Why did the board report it? revenue NVIDIA 2022'],
    ['Was that more than Apple made?', 'Was that more than Apple made? revenue NVIDIA 2022'],
    ['What about Apple?', 'What about Apple? revenue 2022'],
    ['And for graphics cards?', 'And for graphics cards? revenue NVIDIA 2022'],
    ['What was the profit?', 'What was the profit? revenue NVIDIA 2022'],
    ['Who else?', 'Who else? revenue NVIDIA 2022'],
  ])('searches “%s” with the words of the question before', (message, expected) => {
    expect(rewriteFollowUp(message, earlier)).toBe(expected);
  });

  it.each([
    'How do I declare an optional query parameter in FastAPI?',
    'What is the effective tax rate of Apple in 2023?',
    'Why was PGlite rejected?',
    'What is PGlite?',
    'Who is Marie Curie?',
    'In which year was the lighthouse built?',
    'When did the lighthouse open and who built it?',
    'Is there a limit for hotels?',
    'What is the fee that tenants pay?',
    'And how do members vote?',
    'For whom is the allowance paid?',
  ])('leaves “%s” alone', (message) => {
    expect(rewriteFollowUp(message, earlier)).toBe(message);
  });

  it('leaves the first question of a conversation alone', () => {
    expect(rewriteFollowUp('Why?', [])).toBe('Why?');
  });

  it('goes back past questions that said nothing themselves', () => {
    expect(rewriteFollowUp('Why?', [...earlier, 'And then?'])).toBe('Why? revenue NVIDIA 2022');
  });

  it('takes over a bounded number of words', () => {
    const long = Array.from({ length: 100 }, (_, index) => `word${index}`).join(' ');
    expect(rewriteFollowUp('Why?', [long]).split(' ')).toHaveLength(7);
  });
});
