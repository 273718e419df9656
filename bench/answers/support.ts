import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Gateway } from '#modules/gateway/index.ts';
import { createGrounding } from '#modules/grounding/index.ts';
import { splitSentences } from '#platform/text/split-sentences.ts';
import type { BenchContext } from '../harness.ts';
import { areaUnderCurve } from './fit-rule.ts';
import { readTable } from './read-table.ts';

/** ARES: answers that people judged faithful to their passage or not. 28 of 200 are not, so the area is a rough figure. */
export async function measureSupport(
  data: string,
  gateway: Gateway,
  { result, target, log }: BenchContext,
): Promise<void> {
  const path = join(data, 'ares-judge/LLM_Judge_Test_Set_Human_Annotations.tsv.gz');
  if (!existsSync(path)) return log(`No ${path}: the support check is not measured.`);
  const grounding = createGrounding({ gateway });
  const scores: Record<'faithful' | 'unfaithful', { mean: number; least: number; share: number }[]> = {
    faithful: [],
    unfaithful: [],
  };
  for (const row of readTable(path, '\t')) {
    const { Answer: answer = '', Document: text = '', Answer_Faithfulness_Label: label } = row;
    const sentences = splitSentences(answer).map(({ start, end }) => answer.slice(start, end));
    const supports = await grounding.supportOf(
      sentences,
      [{ text, start: 0, context: '' }],
      AbortSignal.timeout(60_000),
    );
    const all = supports.map(({ score }) => score);
    scores[label === '1' ? 'faithful' : 'unfaithful'].push({
      mean: all.reduce((sum, score) => sum + score, 0) / Math.max(1, all.length),
      least: Math.min(1, ...all),
      share: supports.filter(({ supported }) => supported).length / Math.max(1, all.length),
    });
  }
  for (const measure of ['mean', 'least', 'share'] as const) {
    const of = (name: 'faithful' | 'unfaithful') => scores[name].map((score) => score[measure]);
    const area = areaUnderCurve(of('faithful'), of('unfaithful'));
    if (measure === 'mean') target('ARES faithfulness AUROC, mean support of the sentences', area, { atLeast: 0.8 });
    else result(`ARES faithfulness AUROC, ${measure}`, 'area', area);
  }
  const share = (name: 'faithful' | 'unfaithful') =>
    scores[name].reduce((sum, score) => sum + score.share, 0) / scores[name].length;
  result(
    `ARES sentences called supported in faithful answers (n ${scores.faithful.length})`,
    'share',
    share('faithful'),
  );
  result(
    `ARES sentences called supported in unfaithful answers (n ${scores.unfaithful.length})`,
    'share',
    share('unfaithful'),
  );
}
