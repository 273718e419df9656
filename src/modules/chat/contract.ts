/** What crosses HTTP about conversations. Pure: the browser loads it too. */
import { z } from 'zod';
import { idSchema, listOf, pageQuery } from '../corpus/contract.ts';

export const chatMessageBody = z.strictObject({
  message: z.string().trim().min(1).max(2000).describe('The question, 1 to 2,000 characters.'),
  conversation_id: idSchema.optional().describe('Default: a new conversation.'),
  collection_id: idSchema.optional().describe('Default: every collection of the organization.'),
  enable_rag: z.boolean().default(true).describe('False asks the model without documents; needs a model.'),
  stream: z.boolean().default(false).describe('True answers with server-sent events.'),
  max_tokens: z.number().int().min(50).max(2000).default(512),
  temperature: z.number().min(0).max(1).default(0.7),
  at_least: z.string().max(100).optional().describe('Index position that the answer must have seen.'),
});

export const sourceSchema = z.strictObject({
  number: z.number().int().min(1).describe('What the answer’s marks `[1]` refer to.'),
  document_id: idSchema,
  chunk_id: idSchema,
  title: z.string(),
  heading_path: z.array(z.string()),
  page: z.number().int().nullable(),
  excerpt: z.string().describe('The document’s text from `start` to `end`.'),
  relevance_score: z.number().min(0).max(1),
  url: z.string().describe('Opens the document at the passage, relative to the server.'),
  start: z.number().int(),
  end: z.number().int(),
});

export const sentenceSchema = z.strictObject({
  text: z.string(),
  start: z.number().int().describe('Offset in `answer`, UTF-16 code units.'),
  end: z.number().int(),
  citations: z.array(
    z.strictObject({
      source: z.number().int().min(1),
      start: z.number().int().describe('Offset in the document of what supports the sentence.'),
      end: z.number().int(),
    }),
  ),
  supported: z.boolean().describe('False: no served passage supports this sentence.'),
});

export const chatReply = z.strictObject({
  conversation_id: idSchema,
  message_id: idSchema,
  answer: z.string(),
  declined: z.boolean().describe('True: nothing in the documents supports an answer.'),
  sentences: z.array(sentenceSchema),
  sources: z.array(sourceSchema),
  metadata: z.strictObject({
    tokens_used: z.number().int().describe('Tokens of the prompt and the answer; 0 without a language model.'),
    tokens_estimated: z.boolean().describe('True: the provider did not tell, so we counted.'),
    response_time_ms: z.number(),
    model_used: z.string().describe('`extractive` when no language model is configured.'),
    finish_reason: z.enum(['stop', 'length', 'content-filter', 'other']),
    cached: z.boolean(),
    strategy: z.string(),
    confidence: z.number().min(0).max(1),
  }),
});

/** Events of a streamed answer, in order: `start`, `sources`, any `delta`, then `done` or `error`. */
export const chatEvents = {
  start: z.strictObject({ conversation_id: idSchema, message_id: idSchema }),
  sources: z.array(sourceSchema),
  delta: z.strictObject({ text: z.string() }),
  done: chatReply,
  error: z.looseObject({ code: z.string(), message: z.string(), request_id: z.string() }),
} as const;

export const conversationSchema = z.strictObject({
  id: idSchema,
  title: z.string(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});

export const messageSchema = z.strictObject({
  id: idSchema,
  role: z.enum(['user', 'assistant']),
  content: z.string(),
  reply: chatReply
    .nullable()
    .describe('The whole reply, for messages of the assistant; null when the answer broke off.'),
  cut_reason: z
    .string()
    .nullable()
    .describe('Why the answer broke off: an error code, or `STOPPED` by the reader; null for a whole message.'),
  created_at: z.iso.datetime(),
});

export const conversationParams = z.strictObject({ conversation_id: idSchema });
export const conversationPageQuery = pageQuery;
export const conversationPage = listOf(conversationSchema);
export const messagePage = listOf(messageSchema);

export type ChatMessageBody = z.output<typeof chatMessageBody>;
export type ChatReply = z.output<typeof chatReply>;
export type Source = z.output<typeof sourceSchema>;
export type AnswerSentence = z.output<typeof sentenceSchema>;
export type ConversationView = z.output<typeof conversationSchema>;
export type MessageView = z.output<typeof messageSchema>;
