/** Types of the map for the TypeScript tests that read it. */
export const mayUse: Readonly<Record<string, readonly string[]>>;
export const purePackages: readonly string[];
