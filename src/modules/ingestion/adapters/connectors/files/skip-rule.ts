/** Which files of a folder are documents of a person. The rule stands in `docs/recipes/add-a-connector.md`. */
import { joinPath } from './open-inside.ts';

export type SkipRule = {
  /** `name` as in the external id; `path` below the root. */
  skips(entry: { name: string; path: Buffer; isFolder: boolean }): boolean;
};

/** Never documents, whatever is asked for. */
export const machineFolders: ReadonlySet<string> = new Set(['node_modules', '__pycache__', '.git', '.hg', '.svn']);

export type SkipOptions = {
  root: Buffer;
  includesHidden: boolean;
  /** File name endings that some format reads. */
  extensions: ReadonlySet<string>;
  /** Absolute folders that are nobody's documents. */
  protectedFolders: readonly string[];
};

export function createSkipRule({ root, includesHidden, extensions, protectedFolders }: SkipOptions): SkipRule {
  const refused = new Set(protectedFolders.map((folder) => Buffer.from(folder).toString('latin1')));
  return {
    skips({ name, path, isFolder }) {
      if (name.startsWith('.') && !includesHidden) return true;
      if (!isFolder) return !extensions.has(endingOf(name));
      return machineFolders.has(name) || refused.has(joinPath(root, path).toString('latin1'));
    },
  };
}

function endingOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase();
}
