import type { ErrorCatalogue } from '#platform/errors.ts';

export const appErrors = {
  PROVIDER_UNKNOWN: 'No provider of this name exists. Set `gateway.provider` to one that the message lists.',
  MODEL_NOT_IN_CATALOGUE: 'No model of this name is in the catalogue. The message lists the names.',
  MODEL_FETCH_FAILED:
    'A file of the model could not be fetched. Check the network, or copy the files and name their folder with `--from`.',
  MODEL_HASH_MISMATCH:
    'A fetched file is not the one that was pinned, so nothing was kept. Fetch it from another place.',
} as const satisfies ErrorCatalogue;
