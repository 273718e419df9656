export const chunkerNames = ['semantic', 'markdown', 'fixed', 'sliding', 'sentence', 'paragraph'] as const;
export type ChunkerName = (typeof chunkerNames)[number];
