import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

const project = new URL('../../', import.meta.url).pathname;
const copy = realpathSync(mkdtempSync(join(tmpdir(), 'nexus-recipe-')));
const server = createServer((_request, response) => answer(response));
let answer: (response: ServerResponse) => void = (response) => response.end();

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(copy, { recursive: true });
});

/** The path in backticks before the first fence, the fence's code, and the line of the second fence. */
function readRecipe(): { path: string; code: string; line: string } {
  const recipe = readFileSync(join(project, 'docs/recipes/add-a-model-provider.md'), 'utf8');
  const [first, second] = [...recipe.matchAll(/```ts\n(.*?)```/gs)];
  const path = /`(src\/[^`]+)`\n\n```ts/.exec(recipe)?.[1];
  if (first?.[1] === undefined || second?.[1] === undefined || path === undefined)
    throw new Error('The recipe has lost its code.');
  return { path, code: first[1], line: second[1].trim() };
}

/** The copy with the provider's file and the line. */
function followRecipe(): void {
  const { path, code, line } = readRecipe();
  cpSync(join(project, 'src'), join(copy, 'src'), { recursive: true });
  cpSync(join(project, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
  writeFileSync(join(copy, path), code);
  appendFileSync(join(copy, 'src/app/chat-model-providers.ts'), `${line}\n`);
}

const script = `
import * as chatModelProviders from './src/app/chat-model-providers.ts';
import { gatewayConfig } from './src/modules/gateway/index.ts';
import { collect } from './src/modules/gateway/testing/collect.ts';
const config = gatewayConfig.parse({ provider: 'ollama', model: 'small', endpoint: { baseUrl: process.argv[2] } });
const opened = Object.values(chatModelProviders).map((provider) => provider.open(config)).filter((model) => model !== undefined);
const request = { messages: [{ role: 'user', content: 'Hi' }], maxTokens: 50, temperature: 0 };
const outcome = await collect(opened[0].generate(request, AbortSignal.timeout(5000))).catch((error) => ({ code: error.code }));
console.log(JSON.stringify({ opened: opened.map(({ id }) => id), outcome }));
`;

test('following the recipe word by word gives a provider that answers and never hides a cut stream', async () => {
  followRecipe();
  writeFileSync(join(copy, 'ask.ts'), script);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async () =>
    JSON.parse((await promisify(execFile)(process.execPath, ['ask.ts', url], { cwd: copy })).stdout);
  const words = ['Hello', ' world'].map((content) => `${JSON.stringify({ message: { content }, done: false })}\n`);
  const end = `${JSON.stringify({ done: true, done_reason: 'stop', prompt_eval_count: 7, eval_count: 2 })}\n`;

  answer = (response) => response.end(words.join('') + end);
  expect(await ask()).toEqual({
    opened: ['ollama:small'],
    outcome: {
      text: 'Hello world',
      finish: { type: 'finish', reason: 'stop', usage: { inputTokens: 7, outputTokens: 2 } },
    },
  });
  answer = (response) => response.end(words.join(''));
  expect((await ask()).outcome).toEqual({ code: 'MODEL_STREAM_CUT' });
  answer = (response) => response.writeHead(404).end('{"error":"model not found"}');
  expect((await ask()).outcome).toEqual({ code: 'MODEL_UNKNOWN' });
}, 30_000);
