/** docs/reference/configuration.md and .env.example, from the one schema. */
import { describeConfiguration, type SettingDescription } from '#platform/configuration/describe-configuration.ts';
import { configSchema, wellKnownNames } from '../../src/app/config.ts';
import { joinTable } from './markdown.ts';

const settings = () => describeConfiguration(configSchema, wellKnownNames);

/** Throws when a setting has no description: the reference would have nothing to say about it. */
export function describeSettings(): string {
  const all = settings();
  const silent = all.filter(({ description }) => description === '').map((setting) => setting.path);
  if (silent.length > 0) throw new Error(`Settings without a description: ${silent.join(', ')}.`);
  const groups = Map.groupBy(all, (setting) =>
    setting.path.includes('.') ? (setting.path.split('.')[0] ?? '') : 'the whole instance',
  );
  const parts = [...groups].map(([name, group]) =>
    [`## ${name}`, joinTable(['setting', 'environment', 'type', 'default', 'meaning'], group.map(row))].join('\n\n'),
  );
  return [
    '# Configuration',
    '',
    'Nothing has to be set. Settings come from the defaults, then from `nexus.config.yaml` beside `package.json`, then from',
    'the environment; the later one wins. An unknown or wrong setting stops the start, and all problems are told at once.',
    '`./nexus config show` prints what is set and where it came from. A secret may be written as `file:/path` or `env:NAME`.',
    '',
    parts.join('\n\n'),
    '',
  ].join('\n');
}

function row(setting: SettingDescription): string[] {
  const names = [setting.environmentName, ...setting.wellKnownNames.filter((name) => name !== setting.environmentName)];
  const absent = setting.required ? 'required' : '–';
  return [
    `\`${setting.path}\``,
    names.map((name) => `\`${name}\``).join(' '),
    setting.type,
    setting.default ? `\`${setting.default}\`` : absent,
    setting.description,
  ];
}

export function exampleEnvironment(): string {
  const lines = settings().flatMap((setting) => [
    `# ${setting.description} (${setting.type})`,
    `# ${setting.wellKnownNames[0] ?? setting.environmentName}=${setting.default ?? ''}`,
    '',
  ]);
  return [
    '# Every setting, commented out at its default. Meaning: docs/reference/configuration.md.',
    '',
    ...lines,
  ].join('\n');
}
