/** What becomes known of a document besides its text. */
export type DocumentAnalysis = {
  /** ISO 639-1, or `und` when it cannot be told. */
  language: string;
  classification: Classification;
  entities: Entity[];
  /** 128 MinHash permutations over 3-shingles of words; undefined for a text too short to compare. */
  signature: Uint32Array | undefined;
};

export type Classification = {
  /** e.g. `report`, `contract`, `email`, `documentation`, `code`, `spreadsheet`, `presentation`, `article`, `other`. */
  type: string;
  /** e.g. `financial`, `legal`, `technical`, `marketing`, `medical`, `general`. */
  category: string;
  tags: string[];
  /** Probability that type and category are right, [0, 1]. */
  confidence: number;
  /** Where the document may be of use; undefined: nowhere in particular. */
  routingHint: string | undefined;
};

export const entityKinds = ['person', 'organization', 'location', 'technical', 'concept'] as const;

export type Entity = {
  kind: (typeof entityKinds)[number];
  /** As it stands in the text: `text.slice(start, end)`. */
  name: string;
  start: number;
  end: number;
  /** Probability, [0, 1]. */
  confidence: number;
};
