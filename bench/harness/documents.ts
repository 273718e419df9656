/** Documents to measure with: the FastAPI documentation when the test data is there, else seeded prose. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from './machine.ts';
import type { SeededRandom } from './seeded-random.ts';

export type BenchDocument = { name: string; text: string };

const words =
  'system request answer house garden light number window paper market season winter memory engine bridge river letter signal border measure copper forest thunder village captain library machine harbour pattern silence method morning evening journey'.split(
    ' ',
  );

/** `count` Markdown documents of about `bytes` bytes, each unique; real sentences where there is data. */
export function makeDocuments(
  { count, bytes }: { count: number; bytes: number },
  random: SeededRandom,
  folder: string,
): BenchDocument[] {
  const sentences = realSentences(folder);
  const sentence = () => (sentences.length > 0 ? random.pick(sentences) : seededSentence(random));
  return Array.from({ length: count }, (_, index) => {
    let text = `# Document ${index} about ${random.pick(words)}\n\n`;
    for (let line = 0; text.length < bytes; line += 1) {
      text += line % 8 === 7 ? `\n\n## Part ${line} on ${random.pick(words)}\n\n` : `${sentence()} `;
    }
    return { name: `document-${index}.md`, text };
  });
}

function seededSentence(random: SeededRandom): string {
  return `The ${Array.from({ length: 8 + random.integer(12) }, () => random.pick(words)).join(' ')}.`;
}

/** Sentences of the documentation tree; empty without the data. */
function realSentences(folder: string): string[] {
  const archive = path.join(testDataFolder(), 'docs-tree-fastapi/fastapi-docs-en.tar.gz');
  if (!existsSync(archive)) return [];
  const target = path.join(folder, 'fastapi');
  mkdirSync(target, { recursive: true });
  execFileSync('tar', ['-xzf', archive, '-C', target]);
  const files = readdirSync(target, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .sort();
  const text = files.map((file) => readFileSync(path.join(target, file), 'utf8')).join('\n');
  return text
    .split(/(?<=[.!?])\s+/)
    .map((sentence) => sentence.replaceAll(/\s+/g, ' ').trim())
    .filter((sentence) => /^[A-Z][^{}<>|`]{40,300}[.!?]$/.test(sentence));
}

/** The folder of the public test data. */
export function testDataFolder(): string {
  return process.env.NEXUS_TEST_DATA ?? path.resolve(projectRoot, '../shared/data');
}
