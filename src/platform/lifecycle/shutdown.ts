import { withDeadline } from './with-deadline.ts';

/** What stopping means, in order. */
export type ShutdownSteps = {
  /** Readiness off, no new work. Must return at once. */
  refuseWork(): void;
  /** Waits for accepted work; the signal is aborted when the drain deadline passes, so that work hands itself back. */
  drain(signal: AbortSignal): Promise<void>;
  /** Closes everything that was opened. */
  close(): Promise<void>;
};

export type ShutdownOptions = {
  /** Where SIGTERM and SIGINT come from and how the process ends; default: this process. */
  host?: Pick<NodeJS.Process, 'on' | 'off' | 'exit'>;
  /** Default 30 seconds. */
  drainTimeoutMs?: number;
  /** From the first signal to the exit, whatever happens. Default 45 seconds. */
  exitTimeoutMs?: number;
  /** For the log: what is happening, and why the exit was not clean. */
  onEvent?: (event: 'draining' | 'drain-late' | 'closing' | 'failed' | 'forced', error?: unknown) => void;
};

export type Shutdown = {
  /**
   * Starts stopping as a signal would; resolves when the process may exit. A clean stop exits with `exitCode`, default 0:
   * whoever supervises the process must see another one when it stops for lack of something.
   */
  begin(exitCode?: number): Promise<void>;
  /** Stops listening to signals. */
  dispose(): void;
};

const forcedExitCode = 130;

/**
 * Stops the process on SIGTERM or SIGINT: readiness off, drain, close in reverse, exit 0. A second signal forces the
 * exit with code 130; passing the exit deadline or a failing close exits with code 1.
 */
export function createShutdown(steps: ShutdownSteps, options: ShutdownOptions = {}): Shutdown {
  const { host = process, drainTimeoutMs = 30_000, exitTimeoutMs = 45_000, onEvent } = options;
  let stopping: Promise<void> | undefined;

  const begin = (exitCode = 0): Promise<void> => {
    stopping ??= stop(exitCode);
    return stopping;
  };
  const stop = async (exitCode: number): Promise<void> => {
    const exitTimer = setTimeout(() => {
      onEvent?.('failed', new Error(`Stopping took longer than ${exitTimeoutMs} ms.`));
      host.exit(1);
    }, exitTimeoutMs);
    try {
      onEvent?.('draining');
      steps.refuseWork();
      await drainWithin(steps, drainTimeoutMs, onEvent);
      onEvent?.('closing');
      await steps.close();
      clearTimeout(exitTimer);
      host.exit(exitCode);
    } catch (error) {
      clearTimeout(exitTimer);
      onEvent?.('failed', error);
      host.exit(1);
    }
  };
  const onSignal = (): void => {
    if (stopping !== undefined) {
      onEvent?.('forced');
      host.exit(forcedExitCode);
      return;
    }
    void begin();
  };

  host.on('SIGTERM', onSignal);
  host.on('SIGINT', onSignal);
  return {
    begin,
    dispose() {
      host.off('SIGTERM', onSignal);
      host.off('SIGINT', onSignal);
    },
  };
}

/** Work gets a moment after the abort to hand itself back; what is left then is cut by close. */
const handBackMs = 2_000;

async function drainWithin(
  steps: ShutdownSteps,
  drainTimeoutMs: number,
  onEvent: ShutdownOptions['onEvent'],
): Promise<void> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), drainTimeoutMs);
  const late = (): Error => new Error(`Work was still running ${drainTimeoutMs} ms after the stop began.`);
  try {
    await withDeadline(steps.drain(controller.signal), drainTimeoutMs + handBackMs, late);
  } catch (error) {
    onEvent?.('drain-late', error);
  } finally {
    clearTimeout(timer);
  }
}
