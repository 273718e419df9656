import { AppError } from '../errors.ts';
import { type Child, startChild } from './child.ts';
import type { SandboxConfig } from './config.ts';
import type { Launch, Strength } from './launch-command.ts';

/** `by`: in words, for people. */
export type Isolation = { strength: Strength; by: readonly string[] };

export type Starter = {
  next(): Promise<Child>;
  /** Of the latest child; undefined before the first. */
  isolation(): Isolation | undefined;
};

/**
 * Tries the strictest way to start first and remembers the first that works on this machine. Throws SANDBOX_TOO_WEAK
 * when none does that is as strong as asked, and PARSER_UNAVAILABLE when none does at all.
 */
export function createStarter(launches: Launch[], config: SandboxConfig): Starter {
  const allowed = launches.filter(({ strength }) => strength >= config.minStrength);
  let index = 0;
  let proven = false;
  let latest: Isolation | undefined;
  const next = async (): Promise<Child> => {
    const launch = allowed[index];
    const attempt = index;
    if (launch === undefined) throw tooWeak(config);
    try {
      const child = await startChild(launch, config);
      proven = true;
      const { strength, isolation } = launch;
      latest = { strength, by: child.hasMemoryCap ? [...isolation, 'memory limit'] : isolation };
      return child;
    } catch (cause) {
      if (!proven && attempt < allowed.length - 1) {
        index = Math.max(index, attempt + 1);
        return next();
      }
      if (!proven && allowed.length < launches.length) throw tooWeak(config, cause);
      throw new AppError('PARSER_UNAVAILABLE', 'unavailable', 'No parser process could be started.', { cause });
    }
  };
  return { next, isolation: () => latest };
}

function tooWeak({ minStrength }: SandboxConfig, cause?: unknown): AppError {
  const message = `Documents are not read: no parser process of strength ${minStrength} (sandbox.minStrength) can be started here.`;
  return new AppError('SANDBOX_TOO_WEAK', 'unavailable', message, { cause, details: { minStrength } });
}
