/** The seam to the chunkers, where they stood before; goes when nobody imports it. */
export { type Chunk, type ChunkOptions, chunkDocument, chunkerVersion } from './chunkers/chunk-document.ts';
