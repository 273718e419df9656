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
  TASK_NOT_FOUND: 'No task with this id is visible to the caller, or it belongs to another source. List the tasks.',
  TASK_SEALED: 'The task takes no more documents. Open another one.',
  TASK_FORGOTTEN:
    'Nobody added to the task or sealed it for `ingestion.openTaskHours`, so it was ended. What came in is processed; open another task for more.',
  TASK_CANCELED: 'Somebody canceled the task before this document was processed. Retry it, or send it again.',
  ITEM_NOT_FOUND: 'No item with this id is visible to the caller. List the items of the task or source.',
  ITEM_NOT_FAILED: 'Only what has failed can be retried. See the state of the item.',
  INTAKE_CONFLICT: 'The same document was sent several times at once. Send it again.',
  ACCEPTANCE_TOO_LARGE: 'More changes than one transaction takes were accepted at once. This is a bug.',
  BATCH_LOST: 'Another worker has taken over the batch, so nothing of this attempt counts. Nothing to do.',
  REVISION_SUPERSEDED:
    'The document was sent again while it was processed, so this revision is left out. Nothing to do: the newer one follows.',
  ORIGINAL_LOST: 'The bytes that were sent are no longer kept. Send the document again.',
  ORIGINAL_DAMAGED:
    'The kept bytes are not the ones that were sent, or were kept under another file key. Send the document again, or restore the file key and retry.',
  ORIGINAL_NOT_KEPT:
    'The file of this document is not kept: it lies at its source, or `ingestion.keepOriginals` was off when it came. Open it at its source, or send it again.',
  TASK_WITH_WAITING: 'A document that is waited for belongs to no task. Leave out `task_id`, or add `wait=false`.',
  REPROCESS_WITHOUT_SOURCE: 'Documents of one source are processed anew at a time. Add `source_id`.',
  REPROCESS_UNSUPPORTED:
    'Their bytes are not kept, or their format is not read any more. Push them again to process them anew.',
  WORKER_LOST:
    'Every worker that took this document in hand was lost. The document probably breaks the process; look at it, then retry.',
} as const satisfies ErrorCatalogue;
