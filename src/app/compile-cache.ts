import { enableCompileCache } from 'node:module';
import path from 'node:path';

/**
 * Keeps compiled code beside the packages: a start takes a third less time. Must be called before anything else is
 * imported; where the folder cannot be written nothing happens.
 */
export function keepCompiledCode(): void {
  enableCompileCache(path.resolve(import.meta.dirname, '../../node_modules/.cache/compile'));
}
