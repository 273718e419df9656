/** The version of everything that makes chunks and vectors of an original, so that only what a change concerns is done again. Pure. */
import type { Gateway } from '#modules/gateway/index.ts';
import { chunkerVersion } from '../chunkers/chunk-document.ts';
import type { IngestionConfig } from '../config.ts';
import type { Format } from '../ports.ts';

export type PipelineParts = { embeddingSpace: Gateway['embeddingSpace']; config: IngestionConfig };

export const parserVersionOf = ({ name, version }: Format): string => `${name}@${version}`;

export function pipelineOf(format: Format, { embeddingSpace, config }: PipelineParts): string {
  const { provider, model, revision, dimensions } = embeddingSpace;
  return [
    parserVersionOf(format),
    `${config.chunker}@${chunkerVersion}:${config.chunkTokens}:${config.overlapTokens}`,
    `${provider}:${model}@${revision}:${dimensions}`,
  ].join(' ');
}
