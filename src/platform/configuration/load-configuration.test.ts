import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AppError, isAppError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { describeConfiguration, redactConfiguration } from './describe-configuration.ts';
import { type ConfigurationProblem, loadConfiguration } from './load-configuration.ts';
import { secretSchema } from './secret-schema.ts';
import { toEnvironmentName, toSettingPath } from './settings.ts';

const schema = z.strictObject({
  http: z.strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('Where to listen.'),
    port: z.number().int().min(0).max(65535).default(4590).describe('Port to listen on.'),
    allowedHosts: z.array(z.string()).default([]).describe('Names.'),
  }),
  gateway: z.strictObject({
    cache: z.strictObject({
      ttlSeconds: z.number().default(60).describe('How long.'),
      enabled: z.boolean().default(true).describe('Whether.'),
    }),
    apiKey: secretSchema.optional().describe('The key.'),
    mode: z.enum(['fast', 'safe']).default('safe').describe('How.'),
    weights: z.record(z.string(), z.number()).default({}).describe('Weights.'),
  }),
});

const directory = mkdtempSync(join(tmpdir(), 'nexus-configuration-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type Sources = Partial<Parameters<typeof loadConfiguration<typeof schema>>[0]>;
const load = (sources: Sources = {}) => loadConfiguration({ schema, environment: {}, ...sources });
const yaml = (text: string) => ({ path: 'nexus.config.yaml', text });

function failure(sources: Sources): { message: string; problems: ConfigurationProblem[] } {
  try {
    load(sources);
  } catch (error) {
    if (!isAppError(error, 'CONFIGURATION_INVALID')) throw error;
    return { message: (error as AppError).message, problems: error.details.problems as ConfigurationProblem[] };
  }
  throw new Error('The configuration was accepted.');
}

describe('loadConfiguration', () => {
  test('gives every default when nothing is set', () => {
    const { config, origins } = load();
    expect(config.http).toEqual({ host: '127.0.0.1', port: 4590, allowedHosts: [] });
    expect(config.gateway.cache).toEqual({ ttlSeconds: 60, enabled: true });
    expect(origins.size).toBe(0);
  });

  test('lets the environment win over the file, and overrides over both', () => {
    const { config, origins } = load({
      file: yaml('http:\n  port: 1\n  host: file\ngateway:\n  cache:\n    ttlSeconds: 5\n'),
      environment: { NEXUS_HTTP__PORT: '2', NEXUS_GATEWAY__CACHE__TTL_SECONDS: '6' },
      overrides: { 'http.port': 3, 'http.host': undefined },
    });
    expect([config.http.port, config.http.host, config.gateway.cache.ttlSeconds]).toEqual([3, 'file', 6]);
    expect(Object.fromEntries(origins)).toEqual({
      'http.port': 'override',
      'http.host': 'nexus.config.yaml:3',
      'gateway.cache.ttlSeconds': 'NEXUS_GATEWAY__CACHE__TTL_SECONDS',
    });
  });

  test('reads numbers, booleans, lists, choices and JSON from text', () => {
    const { config } = load({
      environment: {
        NEXUS_HTTP__PORT: ' 80 ',
        NEXUS_HTTP__ALLOWED_HOSTS: 'a.example, b.example,',
        NEXUS_GATEWAY__CACHE__ENABLED: 'off',
        NEXUS_GATEWAY__MODE: 'fast',
        NEXUS_GATEWAY__WEIGHTS: '{"a":0.5}',
        NEXUS_HTTP__HOST: '',
      },
    });
    expect(config.http).toEqual({ host: '127.0.0.1', port: 80, allowedHosts: ['a.example', 'b.example'] });
    expect(config.gateway).toMatchObject({ cache: { enabled: false }, mode: 'fast', weights: { a: 0.5 } });
  });

  test('takes well-known names, and lets the mechanical name win over them', () => {
    const wellKnown = { GATEWAY_KEY: 'gateway.apiKey', NEXUS_HOST: 'http.host' };
    const first = load({ wellKnown, environment: { GATEWAY_KEY: 'abc', NEXUS_HOST: 'x' } });
    expect(first.config.gateway.apiKey?.reveal()).toBe('abc');
    expect(first.origins.get('http.host')).toBe('NEXUS_HOST');
    const second = load({ wellKnown, environment: { GATEWAY_KEY: 'abc', NEXUS_GATEWAY__API_KEY: 'def' } });
    expect(second.config.gateway.apiKey?.reveal()).toBe('def');
  });

  test('lists all problems at once, each with its origin and its fix', () => {
    const { message, problems } = failure({
      file: yaml('http:\n  prot: 4590\n  host: 7\ngatway: {}\n'),
      environment: {
        NEXUS_HTTP__PORT: '99999',
        NEXUS_HTP__PORT: '1',
        NEXUS_GATEWAY__CACHE__TTL_SECONDS: '5s',
        NEXUS_GATEWAY__MODE: 'fsat',
      },
      overrides: { 'http.prt': 1 },
    });
    const found = Object.fromEntries(problems.map(({ path, origin, fix }) => [`${path}|${origin}`, fix]));
    expect(found).toEqual({
      '|NEXUS_HTP__PORT': 'Did you mean NEXUS_HTTP__PORT?',
      'gateway.cache.ttlSeconds|NEXUS_GATEWAY__CACHE__TTL_SECONDS': 'Give digits only, without a unit.',
      'http.prt|override': 'Did you mean http.port?',
      'http.prot|nexus.config.yaml:2': 'Did you mean port?',
      'http.host|nexus.config.yaml:3': 'Give a string.',
      'gatway|nexus.config.yaml:4': 'Did you mean gateway?',
      'http.port|NEXUS_HTTP__PORT': 'Give a number of at most 65535.',
      'gateway.mode|NEXUS_GATEWAY__MODE': 'Choose one of: fast, safe.',
    });
    expect(message).toContain('8 problems');
    expect(message).toContain('http.port (NEXUS_HTTP__PORT) must be at most 65535.');
  });

  test('names the environment variable of a setting that must be given', () => {
    const needed = z.strictObject({ mail: z.strictObject({ sender: z.string().describe('Who.') }) });
    expect(() => loadConfiguration({ schema: needed, environment: {} })).toThrow(
      'mail.sender (NEXUS_MAIL__SENDER) is missing. Give a string.',
    );
  });

  test('names the line of a YAML mistake and never repeats its text', () => {
    const { message } = failure({ file: yaml('http:\n  port: 1\n gateway: {apiKey: hunter2\n') });
    expect(message).toMatch(/nexus\.config\.yaml:\d/);
    expect(message).not.toContain('hunter2');
  });

  test('refuses a file that is no mapping, repeats a key, or multiplies itself by aliases', () => {
    expect(failure({ file: yaml('- a\n- b\n') }).problems).toHaveLength(1);
    expect(failure({ file: yaml('http: {}\nhttp: {}\n') }).problems[0]?.origin).toBe('nexus.config.yaml:2');
    const bomb = `a: &a [x]\n${[...'bcdefgh'].map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefg'[at]}`)}]`).join('\n')}\n`;
    expect(failure({ file: yaml(bomb) }).message).toContain('aliases');
  });

  test('accepts an empty file and an empty section', () => {
    expect(load({ file: yaml('') }).config.http.port).toBe(4590);
    expect(load({ file: yaml('# nothing\nhttp:\n') }).config.http.port).toBe(4590);
  });

  test('does not take keys of the object prototype for settings', () => {
    expect(
      failure({ file: yaml('__proto__: {http: {port: 1}}\nconstructor: 1\n') }).problems.map(({ path }) => path),
    ).toEqual(expect.arrayContaining(['constructor']));
  });

  test('follows file: and env: references of secrets', () => {
    writeFileSync(join(directory, 'key'), 'from-file\n');
    const byFile = load({ environment: { NEXUS_GATEWAY__API_KEY: `file:${directory}/key` } });
    expect(byFile.config.gateway.apiKey?.reveal()).toBe('from-file');
    const byName = load({ file: yaml('gateway:\n  apiKey: env:MY_KEY\n'), environment: { MY_KEY: 'from-env' } });
    expect(byName.config.gateway.apiKey?.reveal()).toBe('from-env');
    expect(failure({ environment: { NEXUS_GATEWAY__API_KEY: `file:${directory}/none` } }).message).toContain('ENOENT');
    expect(failure({ environment: { NEXUS_GATEWAY__API_KEY: 'env:NOBODY' } }).message).toContain('Set NOBODY.');
  });

  test('never throws anything but its own error, whatever the file and the environment hold', () => {
    const names = fc.constantFrom(
      'NEXUS_HTTP__PORT',
      'NEXUS_GATEWAY__WEIGHTS',
      'NEXUS_X',
      'NEXUS_HTTP__ALLOWED_HOSTS',
      'NEXUS_',
    );
    fc.assert(
      fc.property(fc.string(), fc.dictionary(names, fc.string()), (text, environment) => {
        try {
          load({ file: yaml(text), environment });
        } catch (error) {
          expect(isAppError(error, 'CONFIGURATION_INVALID')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('names of settings', () => {
  test('go from path to environment and back unchanged', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}([A-Z][a-z0-9]{1,6}){0,3}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (keys) => {
        expect(toSettingPath(toEnvironmentName(keys.join('.')))).toBe(keys.join('.'));
      }),
    );
    expect(toEnvironmentName('gateway.cache.ttlSeconds')).toBe('NEXUS_GATEWAY__CACHE__TTL_SECONDS');
  });
});

describe('describeConfiguration', () => {
  test('tells name, type, default and meaning of every setting', () => {
    const rows = describeConfiguration(schema, { GATEWAY_KEY: 'gateway.apiKey' });
    expect(rows.find(({ path }) => path === 'http.port')).toEqual({
      path: 'http.port',
      environmentName: 'NEXUS_HTTP__PORT',
      wellKnownNames: [],
      type: 'whole number from 0 to 65535',
      default: '4590',
      required: false,
      description: 'Port to listen on.',
      secret: false,
    });
    expect(rows.find(({ path }) => path === 'gateway.apiKey')).toMatchObject({
      secret: true,
      wellKnownNames: ['GATEWAY_KEY'],
      required: false,
      default: undefined,
      description: 'The key.',
    });
    expect(rows.find(({ path }) => path === 'gateway.mode')?.type).toBe('one of fast, safe');
    expect(rows.find(({ path }) => path === 'http.allowedHosts')?.type).toBe('list of text, comma-separated');
  });
});

describe('redactConfiguration', () => {
  test('shows values with their origin and no secret', () => {
    const loaded = load({
      environment: { NEXUS_GATEWAY__API_KEY: 'hunter2', NEXUS_HTTP__HOST: 'postgres://me:hunter3@host/db' },
    });
    expect(loaded.config.gateway.apiKey).toBeInstanceOf(Secret);
    const rows = redactConfiguration(schema, loaded);
    expect(rows.find(({ path }) => path === 'gateway.apiKey')).toEqual({
      path: 'gateway.apiKey',
      value: '[secret]',
      origin: 'NEXUS_GATEWAY__API_KEY',
    });
    expect(rows.find(({ path }) => path === 'gateway.mode')).toEqual({
      path: 'gateway.mode',
      value: 'safe',
      origin: 'default',
    });
    expect(JSON.stringify([rows, loaded.config])).not.toMatch(/hunter[2]/);
    expect(JSON.stringify(rows)).not.toContain('hunter3');
  });
});
