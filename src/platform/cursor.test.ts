import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCursors } from './cursor.ts';
import { isAppError } from './errors.ts';
import { Secret } from './secret.ts';

const cursors = createCursors(new Secret('key'));

test('a cursor gives back its place', () => {
  fc.assert(
    fc.property(fc.string(), fc.uuid(), (sortKey, id) => {
      const cursor = cursors.write('documents', { a: 1 }, { sortKey, id });
      expect(cursors.read('documents', { a: 1 }, cursor)).toEqual({ sortKey, id });
    }),
  );
});

test('a cursor of another list, filter or key is refused, and so is any other text', () => {
  const cursor = cursors.write('documents', { a: 1 }, { sortKey: '', id: 'x' });
  const attempts: (() => unknown)[] = [
    () => cursors.read('collections', { a: 1 }, cursor),
    () => cursors.read('documents', { a: 2 }, cursor),
    () => createCursors(new Secret('other')).read('documents', { a: 1 }, cursor),
    () => cursors.read('documents', { a: 1 }, ''),
    () => cursors.read('documents', { a: 1 }, `${cursor}AA`),
  ];
  for (const attempt of attempts) {
    try {
      attempt();
      expect.unreachable();
    } catch (error) {
      expect(isAppError(error, 'CURSOR_INVALID')).toBe(true);
    }
  }
});
