import type { ErrorCatalogue } from '../errors.ts';

/** Errors of the configuration. */
export const configurationErrors = {
  CONFIGURATION_INVALID:
    'Settings are missing, unknown or wrong; the message lists each with where it was set and its fix.',
} as const satisfies ErrorCatalogue;
