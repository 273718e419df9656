/** What becomes known of a document besides its text: language, kind, topic, names. Pure; bounded for any document. */
import type { Analyze } from '../service.ts';
import { classifyDocument } from './classify-document.ts';
import { detectLanguage } from './detect-language.ts';
import { extractEntities } from './extract-entities.ts';

export type AnalyzeDependencies = {
  /** Signature for near-duplicates of a text; undefined for one too short. Absent: none is made. */
  signatureOf?: (text: string) => Uint32Array | undefined;
  /** Most mentions of entities kept of one document. Default 300. */
  maxEntities?: number;
  /** Most mentions kept of one name. Default 5. */
  maxMentions?: number;
};

/** Its `Analyze` never throws; its time is linear in the length of the text. */
export function createAnalyze(dependencies: AnalyzeDependencies = {}): Analyze {
  const { signatureOf = () => undefined, maxEntities = 300, maxMentions = 5 } = dependencies;
  return (document, hints) => ({
    language: detectLanguage(document.text),
    classification: classifyDocument(document, hints),
    entities: extractEntities(document.text, { maxEntities, maxMentions }),
    signature: signatureOf(document.text),
  });
}

export const analyze: Analyze = createAnalyze();
