import type { ErrorCatalogue } from '#platform/errors.ts';

export const sourceErrors = {
  SOURCE_NOT_FOUND: 'No source with this id is visible to the caller. It may have been removed; list the sources.',
  SOURCE_NAME_TAKEN: 'A source of this name exists already. Choose another name.',
  SOURCE_NAME_RESERVED:
    'Names that begin with `uploads` belong to what is sent without naming a source. Choose another name.',
  SOURCE_BUILT_IN:
    'The source of uploads belongs to the product and stays as it is. Send documents with `./nexus ingest` or POST /api/v1/documents, and delete them one by one.',
  SOURCE_KIND_UNKNOWN: 'There is no connector of this kind. The message lists the kinds.',
  SOURCE_SETTINGS_INVALID: 'The settings do not fit the kind of source. The message names the setting and the fix.',
  SOURCE_FOLDER_REFUSED:
    'The folder is not below one of `ingestion.files.roots`, or holds Nexus’s own data. Add its root to the configuration, or add the source with `./nexus sources add`.',
  SOURCE_UNREACHABLE:
    'The source cannot be reached at the moment; nothing of it was removed. It is tried again by itself.',
  SOURCE_LOOKS_EMPTY:
    'The folder is another one than before and empty, as when a disk is not mounted; nothing was removed. Mount it, or ask for a full sync to confirm.',
  SOURCE_FOLDER_UNREADABLE:
    'Parts of the source could not be read; the documents there are kept as they were. Correct the permissions.',
  SOURCE_TOO_LARGE: 'The folder holds more files than `ingestion.files.maxFiles`. Split it, or raise the limit.',
  SOURCE_DOCUMENT_GONE: 'The document is no longer at its source. The next look at the source removes it here too.',
  SOURCE_DOCUMENT_UNREADABLE:
    'The document may not be read by this process, or is no regular file. Correct its permissions.',
  SOURCE_DOCUMENT_REFUSED: 'The document lies outside of its source’s folder. Links are not followed.',
  SOURCE_DOCUMENT_CHANGING: 'The file is being written to while it is read. It is tried again by itself.',
  SOURCE_FETCH_UNSUPPORTED: 'Documents of this source are pushed and cannot be fetched. Push the document again.',
  SOURCE_SYNC_UNSUPPORTED: 'Documents of this source are pushed, so there is nothing to look at.',
  SOURCE_PUSH_UNSUPPORTED: 'Documents of this source are found by looking at it, so none can be pushed.',
  SOURCE_PAUSED: 'The source is paused. Resume it first.',
  SOURCE_SYNC_SUPERSEDED: 'Another worker looks at the source by now. Nothing to do.',
} as const satisfies ErrorCatalogue;
