/** One small file that breaks each rule of `.dependency-cruiser.mjs`, in a skeleton that breaks none. */
import { mayUse } from '../../architecture.mjs';

export type BrokenFile = { rule: string; file: string; content: string };

const modules = Object.keys(mayUse);

/** What the broken files import; keeps every rule, which the test shows. */
export const skeleton: Record<string, string> = {
  'src/platform/clock.ts': 'export const systemClock = { now: () => new Date() };\n',
  'src/platform/http/server.ts': "import Fastify from 'fastify';\nexport const server = Fastify();\n",
  'src/app/build-app.ts': [
    "import { systemClock } from '#platform/clock.ts';",
    "import { server } from '#platform/http/server.ts';",
    ...modules.map((module) => `import { make as ${module} } from '#modules/${module}/index.ts';`),
    `export const app = [systemClock, server, ${modules.join(', ')}];`,
    'export type App = typeof app;',
  ].join('\n'),
  'src/cli/main.ts': "import { app } from '#app/build-app.ts';\nexport const run = () => app;\n",
  ...Object.fromEntries(
    modules.map((module) => [
      `src/modules/${module}/index.ts`,
      "import type { Clock } from './ports.ts';\nexport const make = (clock: Clock) => clock;\nexport type Made = Clock;\n",
    ]),
  ),
  ...Object.fromEntries(
    modules.map((module) => [`src/modules/${module}/ports.ts`, 'export type Clock = { now(): Date };\n']),
  ),
  'src/modules/corpus/contract.ts': "import { z } from 'zod';\nexport const id = z.uuid();\n",
  'src/modules/chat/contract.ts':
    "import { z } from 'zod';\nimport { id } from '../corpus/contract.ts';\nexport const reply = z.object({ id });\n",
  'src/modules/gateway/adapters/echo-model.ts':
    "import type { Clock } from '../ports.ts';\nexport const echo = (clock: Clock) => clock;\n",
  'src/modules/gateway/echo.test.ts':
    "import { test } from 'vitest';\nimport { make } from './ports.ts';\ntest('echoes', () => make);\n",
  'src/modules/chat/inline-type.ts':
    "import { type Made } from '#modules/gateway/index.ts';\nexport const keep = (made: Made) => made;\n",
  'src/modules/chat/routes.ts':
    "import type { FastifyInstance } from 'fastify';\nexport const mount = (server: FastifyInstance) => server;\n",
  'web/src/page.tsx': "import { reply } from '#modules/chat/contract.ts';\nexport const shape = reply;\n",
};

const importMade = (module: string) =>
  `import type { Made } from '#modules/${module}/index.ts';\nexport type Held = Made;\n`;
const importValue = (module: string) =>
  `import { make } from '#modules/${module}/index.ts';\nexport const held = make;\n`;

/** For each module the first one that it may not use. */
const brokenArrows: BrokenFile[] = Object.entries(mayUse).flatMap(([module, allowed]) => {
  const forbidden = modules.find((other) => other !== module && !allowed.includes(other));
  if (forbidden === undefined) throw new Error(`${module} may use every module: the map says nothing.`);
  return [{ rule: `map:${module}`, file: `src/modules/${module}/wrong-arrow.ts`, content: importMade(forbidden) }];
});

/** What a broken file needs beside it; a cycle is reported at one of its files. */
export const accomplices: Record<string, string> = {
  'src/platform/hen.ts': "import { egg } from './egg.ts';\nexport const hen = () => egg;\n",
};

export const brokenFiles: BrokenFile[] = [
  ...brokenArrows,
  {
    rule: 'module-not-on-map',
    file: 'src/modules/unlisted/index.ts',
    content: "import { systemClock } from '#platform/clock.ts';\nexport const clock = systemClock;\n",
  },
  {
    rule: 'front-door-only',
    file: 'src/modules/chat/past-the-door.ts',
    content: "import type { Clock } from '#modules/gateway/ports.ts';\nexport type Held = Clock;\n",
  },
  {
    rule: 'front-door-only',
    file: 'src/packs/guest/past-the-door.ts',
    content: "import type { Clock } from '#modules/gateway/ports.ts';\nexport type Held = Clock;\n",
  },
  {
    rule: 'contract-uses-contract',
    file: 'src/modules/retrieval/contract.ts',
    content: importMade('corpus'),
  },
  { rule: 'types-not-values', file: 'src/modules/chat/value.ts', content: importValue('gateway') },
  { rule: 'types-not-values', file: 'src/packs/guest/value.ts', content: importValue('gateway') },
  {
    rule: 'types-not-values',
    file: 'src/modules/chat/late-value.ts',
    content: "export const held = () => import('#modules/gateway/index.ts');\n",
  },
  {
    rule: 'own-door-is-for-others',
    file: 'src/modules/gateway/own-door.ts',
    content: "import type { Made } from './index.ts';\nexport type Held = Made;\n",
  },
  { rule: 'platform-knows-no-business', file: 'src/platform/business.ts', content: importMade('gateway') },
  {
    rule: 'nobody-imports-app',
    file: 'src/modules/retrieval/upwards.ts',
    content: "import type { App } from '#app/build-app.ts';\nexport type Held = App;\n",
  },
  {
    rule: 'packs-are-guests',
    file: 'src/modules/retrieval/guest.ts',
    content: "import type { Held } from '#packs/guest/value.ts';\nexport type Kept = Held;\n",
  },
  { rule: 'cli-goes-through-app', file: 'src/cli/commands/short-cut.ts', content: importValue('gateway') },
  { rule: 'web-speaks-contracts', file: 'web/src/server.ts', content: importValue('retrieval') },
  {
    rule: 'contracts-are-pure',
    file: 'src/modules/gateway/contract.ts',
    content: "import { systemClock } from '#platform/clock.ts';\nexport const clock = systemClock;\n",
  },
  {
    rule: 'core-picks-no-adapter',
    file: 'src/modules/gateway/choice.ts',
    content: "import { echo } from './adapters/echo-model.ts';\nexport const held = echo;\n",
  },
  {
    rule: 'core-does-no-io',
    file: 'src/modules/gateway/disk.ts',
    content: "import { readFileSync } from 'node:fs';\nexport const held = readFileSync;\n",
  },
  {
    rule: 'core-does-no-io',
    file: 'src/modules/gateway/driver.ts',
    content: "import pg from 'pg';\nexport const held = pg;\n",
  },
  {
    rule: 'http-stays-in-routes',
    file: 'src/modules/gateway/web-framework.ts',
    content: "import Fastify from 'fastify';\nexport const held = Fastify;\n",
  },
  {
    rule: 'sql-stays-in-stores',
    file: 'src/modules/gateway/routes.ts',
    content: "import { sql } from 'kysely';\nexport const held = sql;\n",
  },
  {
    rule: 'no-cycles',
    file: 'src/platform/egg.ts',
    content: "import { hen } from './hen.ts';\nexport const egg = () => hen;\n",
  },
  {
    rule: 'no-production-to-tests',
    file: 'src/modules/gateway/tested.ts',
    content: "import './echo.test.ts';\n",
  },
  {
    rule: 'no-dev-dependency',
    file: 'src/platform/developer.ts',
    content: "import { test } from 'vitest';\nexport const held = test;\n",
  },
  {
    rule: 'not-to-unresolvable',
    file: 'src/platform/nowhere.ts',
    content: "import { held } from './not-there.ts';\nexport const kept = held;\n",
  },
  { rule: 'no-orphans', file: 'src/platform/lonely.ts', content: 'export const lonely = 1;\n' },
];
