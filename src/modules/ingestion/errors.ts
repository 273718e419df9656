import type { ErrorCatalogue } from '#platform/errors.ts';

export const ingestionErrors = {
  FORMAT_UNSUPPORTED:
    'No reader is registered for this file name ending. Convert the file; the message lists what is supported.',
  DOCUMENT_TOO_LARGE: 'The file is larger than `ingestion.maxFileBytes`. Split it, or raise the limit.',
  DOCUMENT_TOO_LONG: 'The text of the file is longer than `ingestion.maxTextCharacters`. Split it, or raise the limit.',
  DOCUMENT_EMPTY: 'The file has no content. Check that it was saved and sent completely.',
  DOCUMENT_WITHOUT_TEXT:
    'The file holds no text, only images or markup, for example a scan. Recognise its text (OCR) and send it again.',
  DOCUMENT_ENCODING: 'The bytes are no text in a known encoding. Save the file as UTF-8 and send it again.',
  DOCUMENT_ENCRYPTED: 'The file is protected by a password. Remove the protection and send it again.',
  DOCUMENT_DAMAGED:
    'The file is broken or not of the format that its name says. Open and save it in its own program, then send it again.',
} as const satisfies ErrorCatalogue;
