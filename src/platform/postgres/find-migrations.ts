import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors.ts';

/** One forward-only change of the schema. */
export type Migration = {
  /** Global order: 1–9 platform, from 10 on the modules, each with its own range. */
  number: number;
  /** File name without `.sql`, e.g. `0001_ground`. */
  name: string;
  sql: string;
  /** SHA-256 of the text with LF line ends. */
  checksum: string;
  /** False when headed `-- no-transaction`: its statements run one by one and must be repeatable. */
  transactional: boolean;
};

const fileName = /^(\d{4})_[a-z0-9]+(?:-[a-z0-9]+)*\.sql$/;
const noTransaction = /^-- no-transaction\s*$/m;

/**
 * All migrations below `sourceRoot` (`src`): `platform/<anything>/migrations` and `modules/<module>/migrations`, by
 * number. Throws AppError `MIGRATION_INVALID` for a bad name or a number used twice.
 */
export async function findMigrations(sourceRoot: string): Promise<Migration[]> {
  const files = await findFiles(sourceRoot);
  const migrations = await Promise.all(files.map((file) => readMigration(path.join(sourceRoot, file))));
  migrations.sort((first, second) => first.number - second.number);
  for (const [index, migration] of migrations.entries()) {
    const previous = migrations[index - 1];
    if (previous?.number === migration.number) {
      throw invalid(`${previous.name} and ${migration.name} have the same number.`);
    }
  }
  return migrations;
}

async function findFiles(sourceRoot: string): Promise<string[]> {
  const folders = await Promise.all(
    ['platform', 'modules'].map(async (folder) => {
      const entries = await readdir(path.join(sourceRoot, folder), { recursive: true }).catch(() => []);
      return entries.map((entry) => path.join(folder, entry));
    }),
  );
  return folders.flat().filter((file) => file.endsWith('.sql') && path.basename(path.dirname(file)) === 'migrations');
}

async function readMigration(file: string): Promise<Migration> {
  const [, digits] = fileName.exec(path.basename(file)) ?? [];
  if (digits === undefined) throw invalid(`${file} is not named NNNN_words-and-words.sql.`);
  const sql = (await readFile(file, 'utf8')).replaceAll('\r\n', '\n');
  return {
    number: Number(digits),
    name: path.basename(file, '.sql'),
    sql,
    checksum: createHash('sha256').update(sql).digest('hex'),
    transactional: !noTransaction.test(sql.slice(0, sql.indexOf('\n') + 1)),
  };
}

function invalid(reason: string): AppError {
  return new AppError('MIGRATION_INVALID', 'bug', `The migrations do not fit together: ${reason}`);
}
