/** What a receiver outside made of one delivery. */
export type Answer =
  | { kind: 'answered'; status: number; retryAfterMs: number | undefined }
  /** No answer at all; `reason` is for a person. */
  | { kind: 'failed'; reason: string };

/** Posts to addresses that strangers chose. */
export type WebhookTransport = {
  /** Never throws and never follows a redirect; takes at most the configured time. */
  post(request: { url: string; headers: Record<string, string>; body: string }, signal: AbortSignal): Promise<Answer>;
  /** Why this address must not be used, as far as it can be told without asking for its name; undefined: it may. */
  refusal(url: string): string | undefined;
  close(): Promise<void>;
};
