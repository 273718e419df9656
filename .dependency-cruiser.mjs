/** The rules of the import graph. Each is shown to fire by a file that breaks it, in `test/architecture/broken-files.ts`. */
import { mayUse, purePackages } from './architecture.mjs';

const tests = '[.](test|contract-suite)[.]ts$|/testing/';
const contracts = '/contract[.]ts$';
const anyOf = (names) => (names.length > 0 ? `(${names.join('|')})` : '(?!)');
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const anyModuleOrPack = '^src/(?:modules/([^/]+)|packs/[^/]+)/';

const mapRules = Object.entries(mayUse).map(([module, allowed]) =>
  rule(
    `map:${module}`,
    `${module} may use only: ${allowed.join(', ') || 'no other module'}. To add an arrow, edit architecture.mjs and say why.`,
    { path: `^src/modules/${module}/`, pathNot: contracts },
    { path: '^src/modules/', pathNot: `^src/modules/${anyOf([module, ...allowed])}/` },
  ),
);

const moduleRules = [
  rule(
    'module-not-on-map',
    'This folder is not in architecture.mjs. Add it there first.',
    { path: '^src/modules/', pathNot: `^src/modules/${anyOf(Object.keys(mayUse))}/` },
    {},
  ),
  rule(
    'front-door-only',
    'Another module is reachable only through its index.ts; a contract may also use another contract.',
    { path: anyModuleOrPack, pathNot: `${tests}|${contracts}` },
    { path: '^src/modules/', pathNot: '^src/modules/($1/|[^/]+/index[.]ts$)' },
  ),
  rule(
    'contract-uses-contract',
    'A contract reaches into another module only through its contract.ts.',
    { path: `${anyModuleOrPack}contract[.]ts$` },
    { path: '^src/modules/', pathNot: '^src/modules/($1/|[^/]+/contract[.]ts$)' },
  ),
  rule(
    'types-not-values',
    'Modules name each other by type; app/ hands them the value. Use `import type`.',
    { path: anyModuleOrPack, pathNot: `${tests}|${contracts}` },
    { path: '^src/modules/', pathNot: '^src/modules/$1/', dependencyTypesNot: ['type-only'] },
  ),
  rule(
    'own-door-is-for-others',
    'Inside a module import the file itself, not your own index.ts.',
    { path: '^src/modules/([^/]+)/' },
    { path: '^src/modules/$1/index[.]ts$' },
  ),
  rule(
    'core-picks-no-adapter',
    'Only app/ (and tests) choose an adapter; the core knows the port.',
    { path: '^src/modules/([^/]+)/', pathNot: `${tests}|/adapters/` },
    { path: '^src/modules/[^/]+/adapters/' },
  ),
  rule(
    'core-does-no-io',
    'Whatever reaches outside lives in adapters/, store.ts (SQL) or platform/.',
    { path: '^src/modules/', pathNot: `${tests}|/adapters/|/(routes|store)[.]ts$` },
    {
      dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core'],
      pathNot: `node_modules/${anyOf(purePackages)}/|^(node:)?(assert|crypto|async_hooks)$`,
    },
  ),
];

const layerRules = [
  rule(
    'platform-knows-no-business',
    'platform/ is the ground floor: it imports nothing of ours above it.',
    { path: '^src/platform/' },
    { path: '^src/(?!platform/)' },
  ),
  rule(
    'nobody-imports-app',
    'app/ wires everything, so nothing depends on it except the entry points.',
    { path: '^src/(platform|modules|packs)/' },
    { path: '^src/(app|cli|main)' },
  ),
  rule(
    'packs-are-guests',
    'A domain pack is plugged in by app/; the product must run without it.',
    { path: '^src/(?!app/|packs/)' },
    { path: '^src/packs/' },
  ),
  rule(
    'cli-goes-through-app',
    'A command calls the built app or the HTTP client; it never reaches into a module.',
    { path: '^src/cli/' },
    { path: '^src/(modules|packs)/', pathNot: contracts },
  ),
  rule(
    'web-speaks-contracts',
    'The browser shares only contract.ts files with the server.',
    { path: '^web/' },
    { path: '^src/', pathNot: contracts },
  ),
  rule(
    'contracts-are-pure',
    'contract.ts is loaded by the browser: only zod and other contracts.',
    { path: contracts },
    { pathNot: `${contracts}|node_modules/zod/` },
  ),
  rule(
    'http-stays-in-routes',
    'Only routes.ts, platform/http and app/ know the web framework.',
    { path: '^src/', pathNot: `${tests}|/routes[.]ts$|^src/platform/http/|^src/app/` },
    { path: 'node_modules/(fastify|@fastify)/' },
  ),
  rule(
    'sql-stays-in-stores',
    'SQL lives in store.ts, adapters/ and platform/postgres, nowhere else.',
    { path: '^src/', pathNot: `${tests}|/adapters/|/store[.]ts$|^src/platform/postgres/|^src/app/` },
    { path: 'node_modules/(kysely|pg)/' },
  ),
];

const hygieneRules = [
  rule('no-cycles', 'A cycle means two files are one.', {}, { circular: true }),
  rule(
    'no-production-to-tests',
    'Production code does not import tests.',
    { path: '^src/', pathNot: tests },
    { path: `${tests}|^test/` },
  ),
  rule(
    'no-dev-dependency',
    'A production install would break.',
    { path: '^src/', pathNot: tests },
    { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  ),
  rule('not-to-unresolvable', 'This import leads nowhere.', { path: '^(src|web)/' }, { couldNotResolve: true }),
  rule('no-orphans', 'Nobody uses this file.', { orphan: true, path: '^src/', pathNot: tests }, {}),
];

export default {
  forbidden: [...mapRules, ...moduleRules, ...layerRules, ...hygieneRules],
  options: {
    tsPreCompilationDeps: true, // so that `import type` is seen, and told apart
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.json'],
    },
  },
};
