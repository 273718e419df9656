import { describe, expect, it } from 'vitest';
import { couldAnswer, holdsWanted, partsOf, readWanted } from './read-question.ts';

describe('readWanted', () => {
  it.each([
    ['How many claims were filed?', 'count'],
    ['How much does one share cost?', 'amount'],
    ['What was the total price?', 'amount'],
    ['When are claims too late?', 'time'],
    ['In which year did it open?', 'time'],
    ['Who was the keeper?', 'name'],
    ['Where does the council meet?', 'place'],
    ['What happens when a repair is late?', 'any'],
    ['Why was PGlite rejected?', 'any'],
    ['Tell me about the people who live there', 'name'],
    ['', 'any'],
  ])('reads “%s” as asking for: %s', (question, kind) => {
    expect(readWanted(question).kind).toBe(kind);
  });
});

describe('holdsWanted', () => {
  it.each([
    ['When did the cellar flood?', 'The cellar flooded in March 1962.', true],
    ['When did the cellar flood?', 'The cellar floods easily.', false],
    ['When did the cellar flood in 1962?', 'The cellar flooded in 1962.', false],
    ['Who was the keeper?', 'The keeper was Tom Hale.', true],
    ['Who was the keeper?', 'The keeper was never paid.', false],
    ['How much does one share cost?', 'One share costs 160 pounds.', true],
    ['How much does one share cost?', 'One share costs much.', false],
  ])('“%s”: does “%s” hold something new of the kind? %s', (question, sentence, expected) => {
    expect(holdsWanted(readWanted(question), sentence)).toBe(expected);
  });
});

describe('couldAnswer', () => {
  it.each([
    ['The council has 12 elected members.', true],
    ['The council, twelve members strong, meets on Tuesday.', true],
    ['Eleven of the members are elected.', true],
    ['Above 5,000 pounds the members decide.', false],
    ['Members: 12', true],
    ['Members are heard within 28 days.', false],
    ['Members join on the tenth of a month.', false],
  ])('wants the number of “How many members …” beside them: “%s” %s', (sentence, expected) => {
    expect(couldAnswer(readWanted('How many members does the council have?'), sentence)).toBe(expected);
  });
});

describe('partsOf', () => {
  it.each([
    [
      'When did the cellar flood and who was the head keeper?',
      ['When did the cellar flood', 'who was the head keeper?'],
    ],
    ['How do members vote? When do members meet?', ['How do members vote', 'When do members meet?']],
    ['What are the terms and conditions?', ['What are the terms and conditions?']],
    ['Who wrote it, and why?', ['Who wrote it, and why?']],
    ['', ['']],
  ])('splits “%s”', (question, parts) => {
    expect(partsOf(question)).toEqual(parts);
  });

  it('lends a part of one word what the part before is about', () => {
    expect(partsOf('When did the cellar flood and who was the keeper?')).toEqual([
      'When did the cellar flood',
      'who was the keeper? When did the cellar flood',
    ]);
  });
});
