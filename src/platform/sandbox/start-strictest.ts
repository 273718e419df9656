import { AppError } from '../errors.ts';
import { type Child, startChild } from './child.ts';
import type { SandboxConfig } from './config.ts';
import type { Launch } from './launch-command.ts';

export type Starter = {
  next(): Promise<Child>;
  /** What the latest child was isolated by; empty before the first. */
  isolation(): readonly string[];
};

/** Tries the strictest way to start first and remembers the first that works on this machine. */
export function createStarter(launches: Launch[], config: SandboxConfig): Starter {
  let index = 0;
  let proven = false;
  let isolation: string[] = [];
  const next = async (): Promise<Child> => {
    const launch = launches[index] as Launch;
    const attempt = index;
    try {
      const child = await startChild(launch, config);
      proven = true;
      isolation = launch.isolation;
      return child;
    } catch (cause) {
      if (!proven && attempt < launches.length - 1) {
        index = Math.max(index, attempt + 1);
        return next();
      }
      throw new AppError('PARSER_UNAVAILABLE', 'unavailable', 'No parser process could be started.', { cause });
    }
  };
  return { next, isolation: (): readonly string[] => isolation };
}
