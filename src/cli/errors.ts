import type { ErrorCatalogue } from '#platform/errors.ts';

export const cliErrors = {
  FOLDER_NOT_FOUND: 'The folder or file does not exist. Correct the path.',
  FOLDER_EMPTY: 'Nothing in the folder can be read. The message says what is there and which endings are read.',
  FOLDER_TOO_LARGE: 'The folder holds more files than one run takes. Take its parts one by one.',
  FOLDER_WATCHED: 'The folder is a source already, into another collection. Remove that source first.',
  FILE_UNREADABLE: 'This process may not read the file, or it went away. The message says which.',
  SEED_INVALID: 'The seed is no whole number of at most nine digits.',
  CHUNKER_UNKNOWN: 'There is no chunker of that name. The message lists them.',
  CHUNK_SIZE_INVALID: 'A chunk size is no whole number in the range that the message names.',
  SERVER_START_FAILED: 'The server ended before it answered. The message shows its last lines.',
  SERVER_UNREACHABLE: 'The server of this home does not answer any more. Look into its log below `NEXUS_HOME/logs`.',
  SERVER_ERROR: 'The server answered with an error that it did not explain. Look into its log below `NEXUS_HOME/logs`.',
  SERVER_NOT_ANSWERING:
    'A process holds the home and does not answer: it is starting, or it hangs. The message names it.',
  STOP_LATE: 'The server has not ended in time. Look into its log below `NEXUS_HOME/logs`.',
  USAGE: 'The command line names an unknown command or option, or lacks something. See `./nexus --help`.',
  UNEXPECTED: 'A bug of the command line. Report it with what the message shows.',
} as const satisfies ErrorCatalogue;
