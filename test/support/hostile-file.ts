/** What every maker of hostile files shares. */

export type HostileFile = {
  /** What is wrong with it. */
  label: string;
  filename: string;
  /** `sparseBytes`: so many zero bytes, which must not be made in memory. */
  make(): Uint8Array | { sparseBytes: number };
};

export type HostileOptions = {
  seed: number;
  /** False: sizes and counts for some minutes on a small machine. */
  full: boolean;
  /** A file that must not be read, an address that must not be called, and part of every name that must not be written. */
  bait: { file: string; url: string; name: string };
};

export const text = (content: string): Buffer => Buffer.from(content);
export const file = (label: string, filename: string, make: HostileFile['make']): HostileFile => ({
  label,
  filename,
  make,
});
export const million = 1_000_000;
