import type { Chunk } from './chunkers/chunk-document.ts';

/** What is embedded for a chunk: where it stands, then what it says, so that a chunk is found by its headings too. */
export function toEmbeddingText(title: string, { headingPath, text }: Pick<Chunk, 'headingPath' | 'text'>): string {
  const place = headingPath[0] === title ? headingPath : [title, ...headingPath];
  return `${place.join(' > ')}\n${text}`;
}
