import type { ErrorCatalogue } from '#platform/errors.ts';

export const chatErrors = {
  CONVERSATION_NOT_FOUND: 'There is no such conversation in this organization. Leave conversation_id out to begin one.',
  CHAT_MODEL_NEEDED:
    'An answer without documents needs a language model. Set OPENAI_API_KEY or OPENAI_BASE_URL, or leave enable_rag on.',
  CHAT_ANSWER_EMPTY:
    'The language model gave an empty answer or its provider withheld it. Ask again or in other words.',
} as const satisfies ErrorCatalogue;
