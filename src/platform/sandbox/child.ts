/** One child process: starts, takes requests one exchange at a time, and is killed for whatever goes wrong. */
import { spawn } from 'node:child_process';
import os from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { AppError, type ErrorKind } from '../errors.ts';
import { createFrameReader, type Frame, joinFrames, splitFrame, toFrameBytes } from './frames.ts';
import type { Launch } from './launch-command.ts';
import { capMemory, innermostProcess } from './process-memory.ts';
import { replyDescriptor } from './serve-child.ts';

/** What the child found, or the error that it found in the file. */
export type Answer = { frame: Frame } | { error: AppError };

export type Child = {
  /** The process that reads; whatever was started in front of it ends with it. */
  readonly pid: number | undefined;
  /** True when the kernel keeps its memory within the limit. */
  readonly hasMemoryCap: boolean;
  /** Lets others go first from now on, by this niceness (0 to 19). Nothing where the system refuses. */
  beNice(niceness: number): void;
  /** True once it was told to let others go first; that cannot be taken back. */
  gaveWay(): boolean;
  /** Sends requests and waits for their answers, one for each. When it rejects, the child is dead afterwards. */
  exchange(requests: readonly Frame[]): Promise<Answer[]>;
  /** Kills at once; a running exchange fails with `reason`. */
  kill(reason: AppError): void;
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  isAlive(): boolean;
};

const stderrKeptBytes = 4_000;
const errorKinds: ReadonlySet<string> = new Set<ErrorKind>([
  'invalid',
  'unsupported',
  'mismatch',
  'too-large',
  'limit',
]);

/** Starts a child and waits until it says that it is ready; rejects with what it printed when it does not. */
export async function startChild(
  launch: Launch,
  limits: { maxReplyBytes: number; startDeadlineMs: number; maxMemoryMegabytes: number },
): Promise<Child> {
  const child = wireChild(launch, limits.maxReplyBytes);
  makeNice(child.pid, niceness);
  const tooSlow = new AppError('PARSER_UNAVAILABLE', 'unavailable', 'A parser process did not become ready in time.');
  const timer = setTimeout(() => child.kill(tooSlow), limits.startDeadlineMs);
  try {
    await child.firstFrame;
    const pid = child.pid === undefined ? undefined : innermostProcess(child.pid);
    const hasMemoryCap = pid !== undefined && (await capMemory(pid, limits.maxMemoryMegabytes));
    let hasGivenWay = false;
    return {
      ...child,
      pid,
      hasMemoryCap,
      beNice(value) {
        hasGivenWay = true;
        makeNice(pid, value);
      },
      gaveWay: () => hasGivenWay,
    };
  } finally {
    clearTimeout(timer);
  }
}

/** Readers give way to the server and its database. */
const niceness = 5;

function makeNice(pid: number | undefined, value: number): void {
  try {
    if (pid !== undefined) os.setPriority(pid, value);
  } catch {
    // It is gone, or the system does not let us: then the others share with it.
  }
}

type StartingChild = Omit<Child, 'hasMemoryCap' | 'beNice' | 'gaveWay'> & { firstFrame: Promise<Frame> };

function wireChild(launch: Launch, maxReplyBytes: number): StartingChild {
  const spawned = spawn(launch.command, launch.args, { env: {}, cwd: '/', stdio: ['pipe', 'ignore', 'pipe', 'pipe'] });
  // Without a free file descriptor there are no pipes; what went wrong comes as an event that nobody may miss.
  if (!spawned.stdin) {
    spawned.on('error', () => undefined);
    throw new AppError('PARSER_UNAVAILABLE', 'unavailable', 'No parser process could be started: no free descriptor.');
  }
  const requests: Writable = spawned.stdin;
  const replies = spawned.stdio[replyDescriptor] as Readable;
  const printed = keepTail(spawned.stderr as Readable);
  const exited = Promise.withResolvers<void>();
  let alive = true;
  let waiting: PromiseWithResolvers<Frame> | undefined;
  const settle = (outcome: { frame: Frame } | { error: AppError }): void => {
    const current = waiting;
    waiting = undefined;
    if ('frame' in outcome) current?.resolve(outcome.frame);
    else current?.reject(outcome.error);
  };
  const expectFrame = (): Promise<Frame> => {
    waiting = Promise.withResolvers<Frame>();
    return waiting.promise;
  };
  const kill = (reason: AppError): void => {
    alive = false;
    spawned.kill('SIGKILL');
    settle({ error: reason });
  };
  readReplies(
    replies,
    maxReplyBytes,
    (frame) => {
      if (waiting === undefined) kill(unasked());
      else settle({ frame });
    },
    kill,
  );
  // A child that died while it was being written to is reported by its exit, with what it printed.
  requests.on('error', () => undefined);
  spawned.on('error', (cause) => {
    alive = false;
    exited.resolve();
    settle({
      error: new AppError('PARSER_UNAVAILABLE', 'unavailable', 'No parser process could be started.', { cause }),
    });
  });
  spawned.on('close', (code, signal) => {
    alive = false;
    exited.resolve();
    settle({ error: toExitError(code, signal, printed()) });
  });
  const firstFrame = expectFrame();
  return {
    pid: spawned.pid,
    firstFrame,
    exited: exited.promise,
    kill,
    isAlive: () => alive,
    async exchange(frames) {
      if (!alive) throw toExitError(null, null, printed());
      const reply = expectFrame();
      requests.cork();
      for (const bytes of toFrameBytes(joinFrames(frames))) requests.write(bytes);
      requests.uncork();
      const joined = await reply;
      try {
        return splitFrame(joined, frames.length).map(toAnswer);
      } catch (cause) {
        const error = replyError(cause);
        kill(error);
        throw error;
      }
    },
  };
}

const replyError = (cause: unknown): AppError =>
  new AppError(
    'PARSER_REPLY',
    'invalid',
    'The file expands to more than is allowed, or its reader answered nonsense.',
    { cause },
  );

const unasked = (): AppError => new AppError('PARSER_REPLY', 'invalid', 'The reader of this file answered unasked.');

function readReplies(
  replies: Readable,
  maxBytes: number,
  take: (frame: Frame) => void,
  kill: (reason: AppError) => void,
): void {
  const reader = createFrameReader(maxBytes);
  replies.on('data', (bytes: Buffer) => {
    try {
      const frame = reader.push(bytes);
      if (frame !== undefined) take(frame);
    } catch (cause) {
      kill(replyError(cause));
    }
  });
  replies.on('error', () => undefined);
}

/** The child is not trusted: its errors keep code and message only when they look like ours. */
function toAnswer(frame: Frame): Answer {
  const header = frame.header as {
    result?: unknown;
    error?: { code?: unknown; kind?: unknown; message?: unknown; details?: unknown };
  };
  const error = header?.error;
  if (error === undefined) return { frame: { header: header?.result, parts: frame.parts } };
  const code = typeof error.code === 'string' && /^[A-Z][A-Z_]{2,60}$/.test(error.code) ? error.code : 'PARSER_REPLY';
  const kind = typeof error.kind === 'string' && errorKinds.has(error.kind) ? (error.kind as ErrorKind) : 'invalid';
  const message = typeof error.message === 'string' ? error.message.slice(0, 1_000) : 'The file cannot be read.';
  return { error: new AppError(code, kind, message, { details: toFlatDetails(error.details) }) };
}

const maxDetails = 20;

/** Numbers, words and flags: anything deeper could exhaust whoever writes it into a log or an answer. */
function toFlatDetails(details: unknown): Record<string, unknown> {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return {};
  const flat = Object.entries(details).flatMap(([name, value]) => {
    if (typeof value === 'string') return [[name.slice(0, 100), value.slice(0, 500)]];
    return typeof value === 'number' || typeof value === 'boolean' ? [[name.slice(0, 100), value]] : [];
  });
  return Object.fromEntries(flat.slice(0, maxDetails));
}

/** What Node, V8 and ICU say when they get no more memory, or a string grows beyond what they can hold. */
const outOfMemory =
  /out of memory|Array buffer allocation failed|Failed to allocate memory|Icu error|bad_alloc|ENOMEM|Cannot allocate memory|Invalid string length/i;
/** As bubblewrap tells of the signal SIGXCPU: 128 and its number. */
const exitCodeOfProcessorTime = 152;

function toExitError(code: number | null, signal: NodeJS.Signals | null, printed: string): AppError {
  const details = { exitCode: code, signal };
  const cause = printed === '' ? undefined : new Error(printed);
  if (outOfMemory.test(printed)) return memoryError(details, cause);
  if (signal === 'SIGXCPU' || code === exitCodeOfProcessorTime)
    return new AppError('PARSER_TIMEOUT', 'invalid', 'Reading the file used up its processor time.', {
      details,
      cause,
    });
  return new AppError('PARSER_CRASHED', 'invalid', 'The process that read this file ended unexpectedly.', {
    details,
    cause,
  });
}

export function memoryError(details: Record<string, unknown>, cause?: unknown): AppError {
  return new AppError('PARSER_MEMORY', 'invalid', 'Reading the file needed more memory than is allowed.', {
    details,
    cause,
  });
}

function keepTail(stream: Readable): () => string {
  let tail = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    tail = (tail + text).slice(-stderrKeptBytes);
  });
  stream.on('error', () => undefined);
  return () => tail;
}
