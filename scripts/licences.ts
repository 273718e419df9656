/** Reads the licence of every installed package, offline: `node scripts/licences.ts` prints the table and what does not fit. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Licences that may be combined with Apache-2.0 in what we ship and in what we build with. */
const compatible = new Set([
  'MIT',
  'MIT-0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'CC-BY-3.0',
  'CC-BY-4.0',
  'Unlicense',
  'Python-2.0',
  'PostgreSQL',
  'Zlib',
  'MPL-2.0', // file-level copyleft: used unmodified
]);

/** What a package says in its licence text or readme and not, or not as SPDX, in its manifest; read by hand. */
const readByHand: Readonly<Record<string, string>> = {
  'humanize-number@0.0.2': 'MIT',
  'only@0.0.2': 'MIT',
};

export type PackageLicence = { name: string; version: string; licence: string };

/** Every package below `node_modules`, nested ones included, by name and version. */
export function installedLicences(root: string): PackageLicence[] {
  const manifests = globSync('node_modules/**/package.json', {
    cwd: root,
    exclude: (entry) => entry === '.cache' || entry === '.vite',
  });
  const own = manifests.filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package[.]json$/.test(file));
  return own
    .map((file) => readLicence(path.join(root, file)))
    .filter((entry) => entry.name !== '')
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The packages whose licence is missing or not in the list; each with what it says. */
export function incompatibleLicences(root: string): PackageLicence[] {
  return installedLicences(root).filter(({ licence }) => !isCompatible(licence));
}

/** SPDX expressions: one good choice of an `OR` is enough, an `AND` needs all. */
export function isCompatible(expression: string): boolean {
  const choices = expression.replace(/[()]/g, '').split(/\s+OR\s+/i);
  return choices.some((choice) => choice.split(/\s+AND\s+/i).every((licence) => compatible.has(licence.trim())));
}

function readLicence(file: string): PackageLicence {
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  const declared = manifest.license ?? manifest.licenses?.[0] ?? licenceFileOf(path.dirname(file));
  const stated = typeof declared === 'object' ? declared.type : declared;
  const licence = readByHand[`${manifest.name}@${manifest.version}`] ?? stated;
  return { name: manifest.name ?? '', version: manifest.version ?? '', licence: String(licence ?? 'none') };
}

/** A few packages carry the text only. */
function licenceFileOf(folder: string): string | undefined {
  const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license']
    .map((name) => path.join(folder, name))
    .find((name) => existsSync(name));
  if (file === undefined) return undefined;
  const text = readFileSync(file, 'utf8');
  if (/Permission is hereby granted, free of charge/.test(text)) return 'MIT';
  return /Apache License/.test(text) ? 'Apache-2.0' : undefined;
}

if (import.meta.main) {
  const root = path.resolve(import.meta.dirname, '..');
  const counts = Map.groupBy(installedLicences(root), ({ licence }) => licence);
  for (const [licence, packages] of counts) console.log(`${String(packages.length).padStart(4)}  ${licence}`);
  const wrong = incompatibleLicences(root);
  for (const { name, version, licence } of wrong)
    console.error(`${name} ${version}: ${licence} does not go with Apache-2.0.`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
