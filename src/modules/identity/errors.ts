import type { ErrorCatalogue } from '#platform/errors.ts';

export const identityErrors = {
  SIGN_IN_TOKEN_INVALID:
    'The sign-in link was used before, has expired, or is not one of ours. Ask for a new one with `./nexus start`.',
} as const satisfies ErrorCatalogue;
