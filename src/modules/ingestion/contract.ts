/** What crosses HTTP about an upload; the shapes are the corpus's own. */
export { uploadQuery, uploadReply } from '#modules/corpus/contract.ts';
