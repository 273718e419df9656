/**
 * The providers of language models: a new one is a file in `modules/gateway/adapters/` and a line here. Take all of them
 * by `Object.values` of `import * as chatModelProviders`.
 */
export { openaiProvider } from '#modules/gateway/adapters/openai-chat-model.ts';
