/** Child processes for the tasks: run one, run several until one ends. */
import { spawn } from 'node:child_process';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** A tool out of node_modules; never `npx`, which would ask the network. */
export const bin = (name: string): string => path.join(root, 'node_modules', '.bin', name);

/** Replaces this process with a script on the same Node, in the project's folder. Call it last. */
export function becomeScript(script: string, args: string[]): void {
  if (process.execve === undefined)
    throw new Error('This Node cannot replace a process; use Node 24 on Linux or macOS.');
  process.chdir(root);
  process.execve(process.execPath, [process.execPath, script, ...args], process.env);
}

/** Runs a tool with our terminal; throws when it does not end with 0. */
export function run(tool: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(bin(tool), args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${tool} ${args.join(' ')} failed.`))));
  });
}

export type Captured = { code: number; output: string; seconds: number };

/** Runs a tool and keeps what it prints, both streams in order of arrival. */
export function capture(command: string, args: string[]): Promise<Captured> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' } });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.stderr.on('data', (part: Buffer) => parts.push(part));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code: code ?? 1,
        output: Buffer.concat(parts).toString('utf8'),
        seconds: (performance.now() - startMs) / 1000,
      }),
    );
  });
}

/** Runs several commands side by side; when one ends, the others are told to stop. */
export async function runTogether(commands: { command: string; args: string[] }[]): Promise<void> {
  const children = commands.map(({ command, args }) => spawn(command, args, { cwd: root, stdio: 'inherit' }));
  const stop = () => {
    for (const child of children) child.kill('SIGTERM');
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  const ends = children.map(
    (child) =>
      new Promise<void>((resolve) => {
        child.on('exit', () => resolve());
        child.on('error', () => resolve());
      }),
  );
  await Promise.race(ends);
  stop();
  await Promise.all(ends);
}
