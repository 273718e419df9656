/** How the bootstrap turns into the program it prepared. Runs on Node 18. */
import { spawn } from 'node:child_process';
import os from 'node:os';

const forwarded = ['SIGTERM', 'SIGHUP', 'SIGUSR2'];

/**
 * Replaces this process with `runtime` where Node can (22.15 and later: no second process stays in memory), and
 * otherwise runs it as a child, passes signals on and ends as the child ended. Call it last.
 */
export function become(runtime, args, env) {
  if (typeof process.execve === 'function') process.execve(runtime, [runtime, ...args], env);
  const child = spawn(runtime, args, { stdio: 'inherit', env });
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  // Ctrl-C reaches the whole foreground group by itself: wait for the child instead of dying before it.
  process.on('SIGINT', () => undefined);
  child.on('error', (error) => {
    console.error(`Cannot start ${runtime}: ${error.message}.`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (os.constants.signals[signal] ?? 0);
  });
}

/** Blocks this thread; there is nothing else to do while another process installs. */
export function sleepMs(durationMs) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

/** True while a process with this id exists, also when it belongs to somebody else. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
