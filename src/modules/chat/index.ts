/** Front door of chat: conversations with cited answers. */
export { type Chat, type ChatDependencies, type ChatEvent, type ChatQuestion, createChat } from './chat.ts';
export type { ChatConfig } from './config.ts';
export { chatRoutes } from './routes.ts';
export type { ChatTables } from './store.ts';
