/** Questions with the collection that they are asked to, and whether it holds the answer. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pdfFormat } from '#modules/ingestion/adapters/pdf/pdf-format.ts';
import { markdownFormat } from '#modules/ingestion/adapters/text/markdown-format.ts';
import { splitSentences } from '#platform/text/split-sentences.ts';
import type { BenchFile } from './open-collection.ts';
import { fastapiQuestions, foreignQuestions, nonsense, personalQuestions } from './own-questions.ts';
import { readTable, readText } from './read-table.ts';

export type AskedQuestion = {
  question: string;
  collection: string;
  /** Named in the report. */
  set: string;
  answerable: boolean;
  /** Text that the answer must come from, where it is known. */
  references: string[];
  /** The answer itself, word for word, where the set has one. */
  exact?: string | undefined;
};

/** No weight is fitted on these: they show how the rest carries over. */
export const heldOutSets: ReadonlySet<string> = new Set(['articles', 'absent-article', 'absent-paragraph']);

const texts = ['chatlogs.md', 'finance.md.gz', 'pubmed.md.gz', 'state_of_the_union.md', 'wikitexts.md'];

/** Every collection by name. */
export function readCollections(data: string, folder: string): Record<string, BenchFile[]> {
  const markdown = (name: string, text: string) => ({ name, bytes: Buffer.from(text), format: markdownFormat });
  const collections: Record<string, BenchFile[]> = {};
  for (const file of texts) {
    const name = file.split('.')[0] ?? file;
    collections[name] = [markdown(`${name}.md`, readText(join(data, 'chunking-evaluation/corpora', file)))];
  }
  execFileSync('tar', ['xzf', join(data, 'docs-tree-fastapi/fastapi-docs-en.tar.gz'), '-C', folder]);
  collections.fastapi = globSync('**/*.md', { cwd: folder })
    .filter((file) => !/release-notes|_llm-test/.test(file))
    .sort()
    .map((file) => markdown(file, readFileSync(join(folder, file), 'utf8')));
  collections.filings = globSync('*.pdf', { cwd: join(data, 'sec-10-q/docs') })
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(data, 'sec-10-q/docs', name)), format: pdfFormat }));
  collections.facts = readFacts(data).map(({ _id, title, text }) => markdown(`${_id}.md`, `# ${title}\n\n${text}\n`));
  const articles = readArticles(data);
  const toFile = ({ title, paragraphs }: Article) =>
    markdown(`${title}.md`, `# ${title}\n\n${paragraphs.map(({ context }) => context).join('\n\n')}\n`);
  collections.articles = articles.filter(isServed).map(toFile);
  collections['shortened articles'] = articles.map((article) =>
    toFile({ ...article, paragraphs: article.paragraphs.slice(0, -removedParagraphs) }),
  );
  return collections;
}

export function readQuestions(data: string): AskedQuestion[] {
  return [...fromTexts(data), ...fromFilings(data), ...ownQuestions(), ...fromFacts(data), ...fromArticles(data)];
}

/** Each question twice: to its own text, and to another one in turn. */
function fromTexts(data: string): AskedQuestion[] {
  const names = texts.map((file) => file.split('.')[0] ?? file);
  return readTable(join(data, 'chunking-evaluation/questions_df.csv.gz')).flatMap((row, index): AskedQuestion[] => {
    const { question = '', corpus_id: own = '', references = '[]' } = row;
    const others = [...names.filter((name) => name !== own), 'fastapi', 'filings'];
    const other = others[index % others.length] ?? 'fastapi';
    const spans = JSON.parse(references) as { content: string }[];
    return [
      { question, collection: own, set: 'texts', answerable: true, references: spans.map(({ content }) => content) },
      { question, collection: other, set: 'other-text', answerable: false, references: [] },
    ];
  });
}

/** Filings of two companies are there; questions about three others are the hard ones: all but the name fits. */
function fromFilings(data: string): AskedQuestion[] {
  return readTable(join(data, 'sec-10-q/qna_data.csv.gz')).flatMap((row): AskedQuestion[] => {
    const { Question: question = '', 'Source Docs': sources = '' } = row;
    const common = { question, collection: 'filings', references: [] };
    const isHere = /AAPL|NVDA/.test(sources);
    const isElsewhere = /MSFT|INTC|AMZN/.test(sources);
    const quarter = /(\d{4} Q\d) (AAPL|NVDA)/.exec(sources);
    const held = ['2022 Q3 AAPL', '2023 Q1 AAPL', '2023 Q2 AAPL', '2023 Q3 AAPL', '2022 Q3 NVDA', '2023 Q1 NVDA'];
    if (isHere && !isElsewhere && (quarter === null || held.includes(quarter[0]))) {
      return [{ ...common, set: 'filings', answerable: true }];
    }
    return isHere ? [] : [{ ...common, set: 'other-company', answerable: false }];
  });
}

function ownQuestions(): AskedQuestion[] {
  const ask = (questions: readonly string[], set: string, collections: readonly string[], answerable: boolean) =>
    collections.flatMap((collection) =>
      questions.map((question) => ({ question, collection, set, answerable, references: [] })),
    );
  const several = ['fastapi', 'filings', 'wikitexts', 'state_of_the_union'];
  return [
    ...ask(fastapiQuestions, 'fastapi', ['fastapi'], true),
    ...ask(foreignQuestions, 'foreign', ['fastapi'], false),
    ...ask(nonsense, 'nonsense', several, false),
    ...ask(personalQuestions, 'personal', several, false),
  ];
}

type Fact = { _id: string; title: string; text: string };

function readLines<Row>(path: string): Row[] {
  return readText(path)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

function readFacts(data: string): Fact[] {
  return readLines(join(data, 'hotpotqa-100/corpus.jsonl.gz'));
}

/** HotpotQA with the sentences that its authors marked; each question also to a collection about something else. */
function fromFacts(data: string): AskedQuestion[] {
  const textOf = new Map(readFacts(data).map(({ title, text }) => [title, text]));
  const others = ['pubmed', 'finance', 'filings', 'fastapi', 'state_of_the_union', 'chatlogs'];
  type Row = { text: string; metadata: { answer: string; supporting_facts: [string, number][] } };
  return readLines<Row>(join(data, 'hotpotqa-100/queries.jsonl')).flatMap(({ text, metadata }, index) => {
    const references = metadata.supporting_facts.flatMap(([title, place]) => {
      const whole = textOf.get(title) ?? '';
      const span = splitSentences(whole)[place];
      return span === undefined ? [] : [whole.slice(span.start, span.end)];
    });
    const other = others[index % others.length] ?? 'pubmed';
    return [
      { question: text, collection: 'facts', set: 'facts', answerable: true, references },
      { question: text, collection: other, set: 'absent-fact', answerable: false, references: [] },
    ];
  });
}

type Paragraph = { context: string; qas: { question: string; answers: { text: string; answer_start: number }[] }[] };
type Article = { title: string; paragraphs: Paragraph[] };

/** The hardest unanswerable questions are those of the last paragraphs, asked where only those are missing. */
const removedParagraphs = 2;
/** Every other article is served; the questions of the rest have no answer. */
const isServed = (_article: Article, index: number) => index % 2 === 0;

function readArticles(data: string): Article[] {
  const { data: articles } = JSON.parse(readText(join(data, 'xquad/xquad.en.json.gz'))) as { data: Article[] };
  return articles.map(({ title, paragraphs }) => ({ title: title.replaceAll('_', ' '), paragraphs }));
}

function fromArticles(data: string): AskedQuestion[] {
  return readArticles(data).flatMap((article, index) =>
    article.paragraphs.flatMap(({ context, qas }, place) => {
      const served = isServed(article, index);
      const isRemoved = served && place >= article.paragraphs.length - removedParagraphs;
      return qas.flatMap(({ question, answers: [answer] }): AskedQuestion[] => {
        const at = answer?.answer_start ?? 0;
        const span = splitSentences(context).find(({ start, end }) => start <= at && at < end);
        const references = span === undefined ? [] : [context.slice(span.start, span.end)];
        const absent = { question, answerable: false, references: [] };
        if (!served) return [{ ...absent, collection: 'articles', set: 'absent-article' }];
        const asked = { question, collection: 'articles', set: 'articles', answerable: true, references };
        const removed = { ...absent, collection: 'shortened articles', set: 'absent-paragraph' };
        return [{ ...asked, exact: answer?.text }, ...(isRemoved ? [removed] : [])];
      });
    }),
  );
}
