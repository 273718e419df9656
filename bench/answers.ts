/** Does the product know when it does not know: answerable and unanswerable questions against the rule that declines. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toEvidence } from '#modules/chat/draft.ts';
import { chooseSentences } from '#modules/chat/sentences/choose-sentences.ts';
import { openStaticEmbedder } from '#modules/gateway/adapters/static-embedder.ts';
import { createGateway, gatewayConfig } from '#modules/gateway/index.ts';
import {
  type AnswerSigns,
  answerThreshold,
  judgeAnswerability,
  readSigns,
  ruleFor,
  signNames,
} from '#modules/grounding/judge-answerability.ts';
import { prepareEvidence } from '#modules/grounding/prepare-evidence.ts';
import { partsOf } from '#modules/grounding/read-question.ts';
import { type AskedQuestion, heldOutSets, readCollections, readQuestions } from './answers/answer-sets.ts';
import { areaUnderCurve, type FitRow, fitRule, probability } from './answers/fit-rule.ts';
import { openCollection } from './answers/open-collection.ts';
import { type AnsweredQuestion, reportSentences } from './answers/report-sentences.ts';
import { measureSupport } from './answers/support.ts';
import type { Bench, BenchContext } from './harness.ts';

export const bench: Bench = {
  name: 'answers',
  describe: 'Unanswerable questions that are declined, answerable ones that are not, and the support check.',
  async run(context) {
    const data = process.env.NEXUS_TEST_DATA ?? join(context.projectRoot, '../shared/data');
    if (!existsSync(data)) throw new Error(`No test data at ${data}. Set NEXUS_TEST_DATA to the folder that holds it.`);
    const model = join(process.env.NEXUS_MODEL_DIR ?? join(data, 'models'), 'potion-base-4M-int8');
    const embedder = await openStaticEmbedder(model);
    const gateway = createGateway({ chatModel: undefined, embedder, config: gatewayConfig.parse({}) });
    const measured = await askAll(data, context, gateway);
    reportDecisions(measured, context);
    reportSentences(measured, context);
    reportFit(measured, context);
    await measureSupport(data, gateway, context);
  },
};

type Measured = AskedQuestion & AnsweredQuestion & { signs: AnswerSigns; score: number };

const passagesPerQuestion = 8;
const sentencesPerAnswer = 3;

async function askAll(data: string, context: BenchContext, gateway: Parameters<typeof openCollection>[1]) {
  const questions = readQuestions(data);
  const measured: Measured[] = [];
  const rule = ruleFor(gateway.embeddingSpace.provider);
  const signal = new AbortController().signal;
  for (const [name, files] of Object.entries(readCollections(data, context.folder))) {
    const collection = await openCollection(files, gateway);
    context.log(`${name}: ${files.length} documents, ${collection.chunks} chunks`);
    for (const asked of questions.filter((question) => question.collection === name)) {
      const { passages, confidence } = await collection.search(asked.question, passagesPerQuestion);
      const asks = partsOf(asked.question);
      const texts = asks.length > 1 ? [asked.question, ...asks] : asks;
      const { own, prepared } = await prepareEvidence(texts, passages.map(toEvidence), gateway, signal);
      const signs = readSigns(asked.question, own[0], confidence, prepared);
      const [whole, ...parts] = texts.map((text, at) => ({ text, vector: own[at] }));
      const judged = judgeAnswerability(
        whole ?? { text: asked.question, vector: undefined },
        parts,
        { confidence, rule },
        prepared,
      );
      const chosen = chooseSentences(asked.question, judged.candidates, passages, sentencesPerAnswer);
      const cited = chosen.map(({ passage, start, end }) =>
        (collection.texts.get(passages[passage]?.documentId ?? '') ?? '').slice(start, end),
      );
      measured.push({ ...asked, signs, score: judged.score, isAnswered: judged.answerable, cited });
    }
  }
  return measured;
}

function reportDecisions(measured: readonly Measured[], { result, target }: BenchContext): void {
  const declined = (rows: readonly Measured[]) =>
    rows.filter(({ score }) => score < answerThreshold).length / rows.length;
  for (const [set, rows] of Map.groupBy(measured, (row) => row.set)) {
    result(
      `declined: ${set} (${rows[0]?.answerable ? 'answerable' : 'unanswerable'}, n ${rows.length})`,
      'share',
      declined(rows),
    );
  }
  const yes = measured.filter(({ answerable }) => answerable);
  const no = measured.filter(({ answerable }) => !answerable);
  const scores = (rows: readonly Measured[]) => rows.map(({ score }) => score);
  target('answerable questions declined', declined(yes), { atMost: 0.1 });
  target('unanswerable questions declined', declined(no), { atLeast: 0.9 });
  target('AUROC answerable against unanswerable', areaUnderCurve(scores(yes), scores(no)), { atLeast: 0.9 });
  for (const allowed of [0.02, 0.05, 0.1, 0.15]) {
    const threshold = scores(yes).sort((left, right) => left - right)[Math.floor(allowed * yes.length)] ?? 0;
    const caught = no.filter(({ score }) => score < threshold).length / no.length;
    result(
      `unanswerable declined when ${allowed * 100} % of answerable are (at ${threshold.toFixed(3)})`,
      'share',
      caught,
    );
  }
}

/** What the rule's weights would be today, fitted on all sets but the held out, and on all but one of those at a time. */
function reportFit(measured: readonly Measured[], { result, log }: BenchContext): void {
  const rows = measured.filter(({ set }) => !heldOutSets.has(set));
  const fitted = fitRule(toFitRows(rows));
  const weights = signNames.map((name, at) => `${name} ${fitted.weights[at]?.toFixed(2)}`).join(', ');
  log(`fitted: bias ${fitted.bias.toFixed(2)}, ${weights}`);
  for (const set of new Set(rows.map((row) => row.set))) {
    const rule = fitRule(toFitRows(rows.filter((row) => row.set !== set)));
    const held = rows.filter((row) => row.set === set);
    const wrong = held.filter((row) => probability(rule, featuresOf(row)) >= 0.5 !== row.answerable);
    result(`wrong on ${set} when fitted without it`, 'share', wrong.length / held.length);
  }
}

const featuresOf = ({ signs }: Measured) => signNames.map((name) => signs[name]);

/** Large sets count more than small ones, though not in proportion; both kinds of question count the same together. */
function toFitRows(rows: readonly Measured[]): FitRow[] {
  const sizes = new Map([...Map.groupBy(rows, ({ set }) => set)].map(([set, { length }]) => [set, length]));
  const weightOf = ({ set }: Measured) => 1 / Math.sqrt(sizes.get(set) ?? 1);
  const sumOf = (label: boolean) =>
    rows.filter(({ answerable }) => answerable === label).reduce((sum, row) => sum + weightOf(row), 0);
  const sums = { yes: sumOf(true), no: sumOf(false) };
  return rows.map((row) => ({
    features: featuresOf(row),
    label: row.answerable,
    weight: weightOf(row) / (row.answerable ? sums.yes : sums.no),
  }));
}
