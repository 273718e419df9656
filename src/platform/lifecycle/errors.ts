import type { ErrorCatalogue } from '../errors.ts';

export const lifecycleErrors = {
  HOME_LOCKED:
    'Another process works on the same NEXUS_HOME. Use the running server, stop it (`./nexus stop`), or set another NEXUS_HOME.',
  HOME_LOCK_FAILED:
    'The lock on NEXUS_HOME could not be taken. Install flock (util-linux) or perl, and see that the directory is writable.',
  START_INCOMPLETE:
    'Something the server needs did not come up in time. The message names it; start it or correct its address.',
  CLOSE_FAILED: 'Parts of the server did not close cleanly. The message names them; nothing acknowledged is lost.',
} as const satisfies ErrorCatalogue;
