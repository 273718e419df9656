import type { GatewayConfig } from './config.ts';
import type { ChatModel } from './ports.ts';

/** One way to a language model: a file in `adapters/` and a line in `src/app/adapters.ts`. */
export type ChatModelProvider = {
  /** What `gateway.provider` calls it; also the part before the colon of the model's id. */
  readonly name: string;
  /** The configured model, or undefined when the configuration names another provider or leaves this one out. */
  open(config: GatewayConfig): ChatModel | undefined;
};
