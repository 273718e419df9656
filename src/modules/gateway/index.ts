/** Front door of the gateway: every model call of the product goes through it. */
export type { ChatModelProvider } from './chat-model-provider.ts';
export { type GatewayConfig, gatewayConfig } from './config.ts';
export type { CountedPart } from './count-usage.ts';
export { createGateway, type Gateway, type GatewayDependencies } from './gateway.ts';
export type {
  ChatMessage,
  ChatModel,
  ChatPart,
  ChatRequest,
  Embedder,
  EmbeddingSpace,
  TokenUsage,
} from './ports.ts';
