/** One metric as data: what the code registers and what the reference and the dashboards are generated from. */
export type MetricDefinition<Label extends string = string> = {
  /** `nexus_module_noun_unit`. */
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  /** One sentence. */
  help: string;
  labels: readonly Label[];
  /** Upper bounds of a histogram's buckets, in the unit of the name. */
  buckets?: readonly number[];
  /** Most combinations of label values; further ones are counted under `other`. Default 500. */
  maxSeries?: number;
};
