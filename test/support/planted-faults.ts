/**
 * A format that does what no format may. Started by the sandbox it serves like any other (its fault is the file's text);
 * started as `node planted-faults.ts --bare FAULT ARGUMENT` it does the same with nothing around it, so that a check
 * which never fires can be told from one that has nothing to find.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createParseHandler } from '#modules/ingestion/adapters/child-process-parser.ts';
import type { Format } from '#modules/ingestion/index.ts';
import { serveChild } from '#platform/sandbox/serve-child.ts';

export const faults = ['loop', 'allocate', 'fork', 'connect', 'read', 'write', 'environment'] as const;

export type Fault = (typeof faults)[number];

/** Each returns what it got hold of; `argument` is a file's path or a port. */
const actions: Record<Fault, (argument: string) => string | Promise<string>> = {
  loop() {
    for (;;) if (Date.now() < 0) return 'never';
  },
  async allocate() {
    const held: Buffer[] = [];
    for (let megabytes = 0; megabytes < 4_000; megabytes += 20) {
      held.push(Buffer.alloc(20_000_000, 1));
      await sleep(10);
    }
    return `${held.length}`;
  },
  fork: (path) =>
    new Promise((resolve, reject) => {
      spawn('/bin/touch', [path])
        .on('error', reject)
        .on('exit', () => resolve('forked'));
    }),
  connect: (port) =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.end(() => resolve('connected')));
      socket.on('error', reject);
    }),
  read: (path) => readFileSync(path, 'utf8'),
  write(path) {
    writeFileSync(path, 'escaped');
    return 'written';
  },
  environment: () => JSON.stringify(process.env),
};

const isFault = (name: string): name is Fault => faults.some((fault) => fault === name);

async function commit(name: string, argument: string): Promise<string> {
  return isFault(name) ? await actions[name](argument) : 'no such fault';
}

/** A file is `FAULT ARGUMENT`. What is denied becomes the text, so that the reply can be looked through. */
export const plantedFormat: Format = {
  name: 'planted',
  version: 1,
  extensions: ['planted'],
  mediaTypes: ['text/x-planted'],
  async parse(bytes) {
    const [name = '', argument = ''] = new TextDecoder().decode(bytes).split(' ');
    const text = await commit(name, argument).catch(
      (error: unknown) => `denied: ${error instanceof Error ? error.name : 'yes'}`,
    );
    return { title: undefined, text, blocks: [{ kind: 'paragraph', start: 0, end: text.length }], warnings: [] };
  },
};

const [mode, name = '', argument = ''] = process.argv.slice(2);
if (mode === '--bare') process.stdout.write(await commit(name, argument));
else if (process.argv[1]?.endsWith('planted-faults.ts')) serveChild(createParseHandler([plantedFormat]));
