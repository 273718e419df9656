import { AppError } from '#platform/errors.ts';
import type { Connector } from '../service.ts';

/** Throws SOURCE_KIND_UNKNOWN with the kinds that are known. */
export function connectorOf(connectors: readonly Connector[], kind: string): Connector {
  const connector = connectors.find((one) => one.kind === kind);
  if (connector !== undefined) return connector;
  const known = connectors.map((one) => one.kind).join(', ');
  throw new AppError('SOURCE_KIND_UNKNOWN', 'invalid', `There is no connector of the kind ${kind}. Known: ${known}.`);
}
