import type { Ids } from '#platform/ids.ts';

/** Pushed bytes that wait to be processed lie below this prefix. */
export const originalsPrefix = 'ingestion/';

export const originalKey = (organizationId: string, ids: Ids): string =>
  `${originalsPrefix}${organizationId}/${ids.next()}`;

/** The organization whose bytes these are; undefined when the key is not one of `originalKey`. */
export const organizationOfKey = (key: string): string | undefined =>
  /^ingestion\/([0-9a-f-]{36})\/[0-9a-f-]{36}$/.exec(key)?.[1];
