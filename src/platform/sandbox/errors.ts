import { AppError, type ErrorCatalogue } from '../errors.ts';

/** What can go wrong with a child process that handles untrusted input; its own findings come through as they are. */
export const sandboxErrors = {
  PARSER_CRASHED:
    'The child process that read this file ended unexpectedly. The file is probably malformed: check it in its own program.',
  PARSER_TIMEOUT:
    'Reading the file took longer than `sandbox.deadlineMs` and was stopped. Split the file, or raise the limit if you trust it.',
  PARSER_MEMORY:
    'Reading the file needed more memory than `sandbox.maxMemoryMegabytes` and was stopped. Split the file, or raise the limit if you trust it.',
  PARSER_REPLY:
    'The child process answered more than `sandbox.maxReplyBytes` or something unreadable. The file expands too far or is malformed.',
  PARSER_BUSY: 'Too many files wait to be read (`sandbox.maxQueued`). Send again in a few seconds.',
  PARSER_UNAVAILABLE:
    'No child process for reading files can be started, or the server is stopping. See the log for the reason.',
  SANDBOX_TOO_WEAK:
    'This machine cannot isolate the reading of files as strongly as `sandbox.minStrength` asks. For 3 install bubblewrap and allow user namespaces; `./nexus doctor` tells what is reached.',
} as const satisfies ErrorCatalogue;

export const stoppingError = (): AppError =>
  new AppError('PARSER_UNAVAILABLE', 'unavailable', 'The server is stopping.');
