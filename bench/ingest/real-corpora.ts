/** Documents as people have them: a documentation tree, and a folder of office files, mails and books. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { testDataFolder } from '../harness/documents.ts';
import type { SentDocument } from './senders.ts';

export type RealCorpus = { name: string; documents: SentDocument[] };

/** Empty without the test data. Unpacks into `folder`. */
export function readRealCorpora(folder: string): RealCorpus[] {
  const data = testDataFolder();
  const corpora: RealCorpus[] = [];
  const archive = path.join(data, 'docs-tree-fastapi/fastapi-docs-en.tar.gz');
  if (existsSync(archive)) {
    const target = path.join(folder, 'docs-tree-fastapi');
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['-xzf', archive, '-C', target]);
    corpora.push({ name: 'docs-tree-fastapi', documents: readTree(target, (file) => file.endsWith('.md')) });
  }
  const mixed = path.join(data, 'docs-mixed');
  if (existsSync(mixed)) corpora.push({ name: 'docs-mixed', documents: readTree(mixed, isSample) });
  return corpora;
}

/** What was expected of a file's conversion is not one of the files. */
const isSample = (file: string): boolean => file !== 'SOURCE.txt' && !file.includes('expected');

function readTree(root: string, isWanted: (file: string) => boolean): SentDocument[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => isWanted(file) && statSync(path.join(root, file)).isFile())
    .sort()
    .map((file) => ({ name: path.basename(file), externalId: file, bytes: readFileSync(path.join(root, file)) }));
}
