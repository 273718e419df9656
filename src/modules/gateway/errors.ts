import { AppError, type ErrorCatalogue, isAppError } from '#platform/errors.ts';

/** What can go wrong between us and a model. Foreign errors become these once, in the adapter. */
export const gatewayErrors = {
  MODEL_NOT_CONFIGURED: 'No language model is set up. Set OPENAI_API_KEY or OPENAI_BASE_URL and restart.',
  MODEL_KEY_REJECTED: 'The provider refused the key. Check OPENAI_API_KEY and that it may use the model.',
  MODEL_UNKNOWN: 'The provider does not know the model or the address. Check gateway.model and the base URL.',
  MODEL_RATE_LIMITED: 'The provider asks to slow down. Wait as long as details.retryAfterSeconds says.',
  MODEL_QUOTA_USED_UP: 'The account at the provider has no credit left. Top it up there.',
  MODEL_CONTEXT_TOO_LONG:
    'Question and passages are longer than the model can read. Shorten them or use a larger model.',
  MODEL_REQUEST_REFUSED: 'The provider refused the request as it was sent. details.providerMessage says why.',
  MODEL_UNAVAILABLE: 'The provider cannot be reached or failed on its side. Try again; check the base URL if it stays.',
  MODEL_TIMEOUT: 'The model was silent for longer than the configured time. Try again or raise the time-out.',
  MODEL_STREAM_CUT: 'The answer broke off before its end. Ask again.',
  MODEL_ANSWER_INVALID:
    'The provider sent something that is not an answer. Check that the base URL speaks the OpenAI dialect.',
  MODEL_ANSWER_TOO_LARGE: 'The provider sent more than is accepted. Ask for a shorter answer.',
  MODEL_CALL_ABORTED: 'The caller stopped the call before it had finished.',
  MODEL_NOT_FOUND:
    'A file of the embedding model is missing. Set NEXUS_MODEL_DIR to the folder that holds the models, or run `./nexus models pull`.',
  MODEL_INVALID:
    'A file of the embedding model is damaged or of another kind. Fetch it again with `./nexus models pull`, or set NEXUS_MODEL_DIR to another folder.',
} as const satisfies ErrorCatalogue;

/** The error of a stopped call: the reason given with the signal when that is ours already, else MODEL_CALL_ABORTED. */
export function abortedError(signal: AbortSignal): AppError {
  if (isAppError(signal.reason)) return signal.reason;
  return new AppError('MODEL_CALL_ABORTED', 'unavailable', 'The call was stopped before the model had finished.', {
    cause: signal.reason,
  });
}
