export { messagingConfig } from './config.ts';
export { createMessaging, type Messaging } from './messaging.ts';
export type { WebhookTransport } from './ports.ts';
export { messagingRoutes } from './routes.ts';
export type { MessagingTables } from './store.ts';
