import { describe, expect, it } from 'vitest';
import { toPassage, toRoute, withPassage } from './routes.ts';

const at = (path: string) => new URL(path, 'http://nexus.test');

describe('the addresses of the page', () => {
  it.each([
    ['/', { page: 'ask', conversationId: undefined }],
    ['/conversations/7', { page: 'ask', conversationId: '7' }],
    ['/documents', { page: 'documents' }],
    ['/documents/7?start=3&end=9', { page: 'document', documentId: '7', range: { start: 3, end: 9 } }],
    ['/documents/7?start=9&end=3', { page: 'document', documentId: '7', range: undefined }],
    ['/documents/7?start=one', { page: 'document', documentId: '7', range: undefined }],
    ['/documents/%E0%A4%A', { page: 'document', documentId: '%E0%A4%A', range: undefined }],
    ['/documents/7/8', { page: 'not-found' }],
    ['/somewhere', { page: 'not-found' }],
  ])('shows the right page for %s', (path, route) => {
    expect(toRoute(at(path))).toEqual(route);
  });

  it('keeps the open passage in the address', () => {
    const passage = { documentId: 'a b&c', start: 3, end: 9 };
    expect(toPassage(at(withPassage('/conversations/7', passage)))).toEqual(passage);
  });
});
