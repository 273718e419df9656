/** Defaults, file, environment and overrides become one typed configuration, or one list of everything that is wrong. */
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { closestName } from './closest-name.ts';
import { describeIssues } from './describe-issues.ts';
import { type ConfigurationFile, readConfigurationFile } from './read-configuration-file.ts';
import { readEnvironmentValue } from './read-environment-value.ts';
import { fieldsOf, isOptionalSchema } from './schema-shape.ts';
import { isSecretSchema, resolveSecret } from './secret-schema.ts';
import { environmentPrefix, listSettings, type Setting } from './settings.ts';

export type ConfigurationSources<Schema extends z.ZodObject> = {
  schema: Schema;
  environment: Readonly<Record<string, string | undefined>>;
  /** The configuration file, if there is one. */
  file?: ConfigurationFile | undefined;
  /** Names that everybody knows, and the setting each stands for: `{ DATABASE_URL: 'postgres.url' }`. */
  wellKnown?: Readonly<Record<string, string>>;
  /** `NEXUS_…` names that are not settings but read elsewhere, so that they are not called unknown. */
  otherNames?: readonly string[];
  /** Values by path that win over everything, e.g. from the command line. `undefined` changes nothing. */
  overrides?: Readonly<Record<string, unknown>>;
};

export type LoadedConfiguration<Schema extends z.ZodObject> = {
  config: z.output<Schema>;
  /** Where each setting that is not a default came from: `nexus.config.yaml:12`, an environment name, `override`. */
  origins: ReadonlyMap<string, string>;
};

export type ConfigurationProblem = {
  /** The setting; empty when the problem is not with a known one. */
  path: string;
  /** File and line, or environment name. */
  origin: string;
  message: string;
  fix: string;
};

/** Most problems that are looked into and shown. */
const maxProblems = 100;

type Tree = Record<string, unknown>;
type Draft = { tree: Tree; origins: Map<string, string>; problems: ConfigurationProblem[] };

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);

function readAt(tree: Tree, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (present, key) => (isTree(present) && Object.hasOwn(present, key) ? present[key] : undefined),
      tree,
    );
}

function writeAt(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() ?? path;
  const owner = keys.reduce<Tree>((present, key) => {
    if (!isTree(present[key])) present[key] = {};
    return present[key] as Tree;
  }, tree);
  owner[last] = value;
}

function takeFile(draft: Draft, settings: readonly Setting[], file: ConfigurationFile | undefined) {
  const origin = (path: PropertyKey[]) => content?.originOf(path) ?? '';
  const content = file === undefined ? undefined : readConfigurationFile(file);
  if (content === undefined) return origin;
  draft.tree = content.tree;
  draft.problems.push(...content.problems.map((problem) => ({ path: '', ...problem })));
  for (const { path } of settings) {
    if (readAt(content.tree, path) !== undefined) draft.origins.set(path, content.originOf(path.split('.')));
  }
  return origin;
}

function takeVariable(draft: Draft, { name, text, setting }: { name: string; text: string; setting: Setting }): void {
  const { path, schema } = setting;
  const read = readEnvironmentValue(text, schema);
  draft.origins.set(path, name);
  if ('message' in read) {
    draft.problems.push({ path, origin: name, message: read.message, fix: read.fix });
    return;
  }
  writeAt(draft.tree, path, read.value);
}

function takeEnvironment(draft: Draft, settings: readonly Setting[], sources: ConfigurationSources<z.ZodObject>): void {
  const { environment, wellKnown = {}, otherNames = [] } = sources;
  const byName = new Map(settings.map((setting) => [setting.environmentName, setting]));
  const byPath = new Map(settings.map((setting) => [setting.path, setting]));
  const take = (name: string, setting: Setting | undefined) => {
    const text = environment[name];
    // An empty variable means «not set», as in `NAME= command`.
    if (setting !== undefined && text !== undefined && text !== '') takeVariable(draft, { name, text, setting });
  };
  for (const [name, path] of Object.entries(wellKnown)) take(name, byPath.get(path));
  const names = [...byName.keys(), ...Object.keys(wellKnown)];
  for (const name of Object.keys(environment)
    .filter((known) => known.startsWith(environmentPrefix))
    .sort()) {
    if (byName.has(name)) take(name, byName.get(name));
    else if (!(name in wellKnown) && !otherNames.includes(name)) {
      const meant = closestName(name, names);
      const fix = meant === undefined ? 'Remove it, or see the configuration reference.' : `Did you mean ${meant}?`;
      draft.problems.push({ path: '', origin: name, message: 'is not a setting.', fix });
    }
  }
}

function takeOverrides(draft: Draft, settings: readonly Setting[], overrides: Readonly<Record<string, unknown>>): void {
  const paths = settings.map(({ path }) => path);
  for (const [path, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    if (paths.includes(path)) {
      writeAt(draft.tree, path, value);
      draft.origins.set(path, 'override');
      continue;
    }
    const meant = closestName(path, paths);
    const fix = meant === undefined ? 'Remove it.' : `Did you mean ${meant}?`;
    draft.problems.push({ path, origin: 'override', message: 'is not a setting.', fix });
  }
}

function takeSecrets(
  draft: Draft,
  settings: readonly Setting[],
  environment: ConfigurationSources<z.ZodObject>['environment'],
): void {
  for (const { path } of settings.filter((setting) => isSecretSchema(setting.schema))) {
    const text = readAt(draft.tree, path);
    if (typeof text !== 'string') continue;
    const secret = resolveSecret(text, environment);
    if (secret instanceof Secret) writeAt(draft.tree, path, secret);
    else draft.problems.push({ path, origin: draft.origins.get(path) ?? '', ...secret });
  }
}

/** Sections that nobody mentioned still have their defaults; a section left empty in YAML counts as unmentioned. */
function fillSections(schema: z.core.$ZodType, tree: Tree): void {
  for (const [key, field] of Object.entries(fieldsOf(schema) ?? {})) {
    if (fieldsOf(field) === undefined) continue;
    if (tree[key] === null || (tree[key] === undefined && !isOptionalSchema(field))) tree[key] = {};
    if (isTree(tree[key])) fillSections(field, tree[key]);
  }
}

function findUnknownKeys(schema: z.core.$ZodType, tree: Tree, parent: readonly string[] = []): string[][] {
  const fields = fieldsOf(schema);
  if (fields === undefined) return [];
  return Object.entries(tree).flatMap(([key, value]) => {
    const field = fields[key];
    if (field === undefined || !Object.hasOwn(fields, key)) return [[...parent, key]];
    return isTree(value) ? findUnknownKeys(field, value, [...parent, key]) : [];
  });
}

function refuse(problems: readonly ConfigurationProblem[]): never {
  const shown = problems.slice(0, maxProblems);
  const lines = shown.map(({ path, origin, message, fix }) => {
    const place = path === '' ? origin : `${path} (${origin})`;
    return `  - ${place} ${message} ${fix}`;
  });
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  throw new AppError('CONFIGURATION_INVALID', 'invalid', `The configuration has ${count}:\n${lines.join('\n')}`, {
    details: { problems: shown, omitted: problems.length - shown.length },
  });
}

/** Precedence: defaults, file, well-known names, mechanical names, overrides. Throws CONFIGURATION_INVALID with all problems. */
export function loadConfiguration<Schema extends z.ZodObject>(
  sources: ConfigurationSources<Schema>,
): LoadedConfiguration<Schema> {
  const { schema, environment, file, overrides = {} } = sources;
  const settings = listSettings(schema);
  const draft: Draft = { tree: {}, origins: new Map(), problems: [] };
  const lineOf = takeFile(draft, settings, file);
  takeEnvironment(draft, settings, sources);
  takeOverrides(draft, settings, overrides);
  takeSecrets(draft, settings, environment);
  fillSections(schema, draft.tree);
  const originOf = (keys: PropertyKey[]) => {
    const path = keys.map(String).join('.');
    const setting = settings.find((candidate) => path === candidate.path || path.startsWith(`${candidate.path}.`));
    return (setting && (draft.origins.get(setting.path) ?? setting.environmentName)) ?? lineOf(keys);
  };
  const unknown = findUnknownKeys(schema, draft.tree)
    .slice(0, maxProblems)
    .map(
      (keys): z.core.$ZodIssue => ({
        code: 'unrecognized_keys',
        keys: keys.slice(-1),
        path: keys.slice(0, -1),
        message: '',
        input: {},
      }),
    );
  const result = schema.safeParse(draft.tree);
  const findings = result.success ? [] : result.error.issues.filter(({ code }) => code !== 'unrecognized_keys');
  const known = new Set(draft.problems.map(({ path }) => path));
  for (const { path, message, fix } of describeIssues([...unknown, ...findings], { schema, value: draft.tree })) {
    const name = path.map(String).join('.');
    if (!known.has(name)) draft.problems.push({ path: name, origin: originOf([...path]), message, fix });
  }
  if (draft.problems.length > 0 || !result.success) refuse(draft.problems);
  return { config: result.data, origins: draft.origins };
}
