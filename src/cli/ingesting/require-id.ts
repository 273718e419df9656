import { AppError } from '#platform/errors.ts';

const id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Says which command lists the ids, before the server is asked. Throws USAGE. */
export function requireId(value: string, listedBy: string): string {
  if (id.test(value)) return value;
  const message = `\`${value}\` is no id. Ids look like 01a1feb3-e901-7000-aba1-0883ff1c1be4; \`${listedBy}\` lists them.`;
  throw new AppError('USAGE', 'invalid', message);
}
