import { z } from 'zod';

export const filesConfig = z.strictObject({
  roots: z
    .array(z.string().min(1))
    .max(100)
    .default([])
    .describe(
      'Folders below which sources of kind `files` may lie. Empty: only the command line can add such sources.',
    ),
  intervalSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .default(30)
    .describe('Pause between two looks at a folder, in seconds; longer where a look takes more than a tenth of it.'),
  maxFiles: z.int().min(1).max(5_000_000).default(500_000).describe('Most files of one folder.'),
  maxDepth: z.int().min(1).max(200).default(64).describe('Deepest folder below a source’s own that is looked at.'),
  maxWatchedFolders: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(10_000)
    .describe('Folders of one source whose changes are seen at once; the others are seen at the next look.'),
});

export const sourcesConfig = z.strictObject({
  longestBackoffSeconds: z
    .int()
    .min(1)
    .max(604_800)
    .default(3600)
    .describe('Longest pause after a source failed several times in a row, in seconds.'),
  staleSyncSeconds: z
    .int()
    .min(10)
    .max(86_400)
    .default(300)
    .describe('A look at a source that did nothing for so long is given to another worker, in seconds.'),
  watchRefreshSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(5)
    .describe('Pause after which new and removed sources are noticed by the watcher, in seconds.'),
});

/** What ingestion's configuration gets from here. */
export const sourceSettings = { files: filesConfig.prefault({}), sources: sourcesConfig.prefault({}) };

export type FilesConfig = z.output<typeof filesConfig>;
export type SourcesConfig = z.output<typeof sourcesConfig>;
