/** Behaviour around a port: gets the next one, gives one of the same shape. */
export type Wrapper<Port> = (next: Port) => Port;

/** Wraps a port in a list of wrappers; the first of the list is the outermost. */
export const wrap = <Port>(port: Port, wrappers: Wrapper<Port>[]): Port =>
  wrappers.reduceRight((next, wrapper) => wrapper(next), port);
