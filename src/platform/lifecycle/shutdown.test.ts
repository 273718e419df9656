import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createShutdown, type ShutdownOptions, type ShutdownSteps } from './shutdown.ts';

/** A process that can be sent signals and remembers how it ended. */
function createHost() {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const ended = Promise.withResolvers<number>();
  return {
    exits,
    ended: ended.promise,
    signal: (name: string) => emitter.emit(name),
    host: {
      on: emitter.on.bind(emitter),
      off: emitter.off.bind(emitter),
      exit(code?: number) {
        exits.push(code ?? 0);
        ended.resolve(code ?? 0);
        return undefined as never;
      },
    } as unknown as NonNullable<ShutdownOptions['host']>,
  };
}

function createSteps(over: Partial<ShutdownSteps> = {}): { events: string[]; steps: ShutdownSteps } {
  const events: string[] = [];
  const steps: ShutdownSteps = {
    refuseWork: () => void events.push('refuse'),
    drain: async () => void events.push('drain'),
    close: async () => void events.push('close'),
    ...over,
  };
  return { events, steps };
}

describe('the shutdown', () => {
  it.each(['SIGTERM', 'SIGINT'])('refuses work, drains and closes on %s, in this order, and exits 0', async (name) => {
    const { host, signal, ended } = createHost();
    const { events, steps } = createSteps();
    const startedMs = performance.now();
    createShutdown(steps, { host });
    signal(name);
    expect(await ended).toBe(0);
    expect(events).toEqual(['refuse', 'drain', 'close']);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it('exits with the code it was begun with, so that a supervisor sees a stop for lack of something', async () => {
    const { host, ended } = createHost();
    const { events, steps } = createSteps();
    void createShutdown(steps, { host }).begin(1);
    expect(await ended).toBe(1);
    expect(events).toEqual(['refuse', 'drain', 'close']);
  });

  it('aborts work that is still running at the drain deadline, and then closes', async () => {
    const { host, signal, ended } = createHost();
    const drain = (abort: AbortSignal) =>
      new Promise<void>((resolve) => abort.addEventListener('abort', () => resolve(), { once: true }));
    const { events, steps } = createSteps({ drain });
    createShutdown(steps, { host, drainTimeoutMs: 20 });
    signal('SIGTERM');
    expect(await ended).toBe(0);
    expect(events).toEqual(['refuse', 'close']);
  });

  it('is forced by a second signal', async () => {
    const { host, signal, ended } = createHost();
    const { steps } = createSteps({ drain: () => new Promise(() => undefined) });
    createShutdown(steps, { host, drainTimeoutMs: 50, exitTimeoutMs: 100 });
    signal('SIGINT');
    await delay(5);
    signal('SIGINT');
    expect(await ended).toBe(130);
  });

  it('ends the process at the exit deadline, whatever hangs', async () => {
    const { host, signal, ended } = createHost();
    const { steps } = createSteps({ close: () => new Promise(() => undefined) });
    createShutdown(steps, { host, exitTimeoutMs: 30 });
    signal('SIGTERM');
    expect(await ended).toBe(1);
  });

  it('exits 1 when closing fails, and says why', async () => {
    const { host, signal, ended } = createHost();
    const seen: unknown[] = [];
    const failure = new Error('broken');
    const { steps } = createSteps({ close: () => Promise.reject(failure) });
    createShutdown(steps, { host, onEvent: (event, error) => seen.push([event, error]) });
    signal('SIGTERM');
    expect(await ended).toBe(1);
    expect(seen.at(-1)).toEqual(['failed', failure]);
  });

  it('hears no signal after dispose', async () => {
    const { host, signal, exits } = createHost();
    const { events, steps } = createSteps();
    createShutdown(steps, { host }).dispose();
    signal('SIGTERM');
    await delay(5);
    expect([events, exits]).toEqual([[], []]);
  });
});
