/** Why a file or folder cannot be read, in words; undefined for what is no failure of the system. */
export function describeReadFailure(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return code === undefined ? undefined : reasons[code];
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it is no longer there',
  EISDIR: 'it is a folder',
  ENOTDIR: 'it is neither a file nor a folder',
  ENAMETOOLONG: 'its path is too long',
  EMFILE: 'this process has too many files open',
  EIO: 'the disk reports an error',
};
