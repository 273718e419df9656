/** Turns what came over the wire into what the route's contract promises, or lists everything that does not fit. */
import { z } from 'zod';
import { type DescribedProblem, describeIssues } from '#platform/configuration/describe-issues.ts';
import { AppError } from '#platform/errors.ts';
import type { Route } from '../route.ts';
import { parseJsonBody } from './parse-json-body.ts';

const maxProblems = 50;

export type RawRequest = {
  params: unknown;
  query: unknown;
  /** The body's bytes; undefined when none came. */
  body: Buffer | undefined;
  contentType: string | undefined;
  contentEncoding: string | undefined;
};

export type ParsedRequest = { params: unknown; query: unknown; body: unknown };

type Part = 'params' | 'query' | 'body';
type Parse = (raw: RawRequest, problems: DescribedProblem[]) => unknown;

const jsonMediaType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** What says neither strict nor loose becomes strict. */
function strict(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema;
}

function parsePart(part: Part, schema: z.ZodType, value: unknown, problems: DescribedProblem[]): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const found = describeIssues(result.error.issues, { schema, value });
  problems.push(...found.map((problem) => ({ ...problem, path: [part, ...problem.path] })));
  return undefined;
}

function unsupported(message: string): AppError {
  return new AppError('MEDIA_TYPE_UNSUPPORTED', 'unsupported', message);
}

function refuseEncoded({ contentEncoding }: RawRequest): void {
  if (contentEncoding === undefined || contentEncoding === 'identity') return;
  throw unsupported('Compressed bodies are not read. Send the body without a content-encoding.');
}

function jsonBodyParser(declared: z.ZodType, maxDepth: number): Parse {
  const schema = strict(declared);
  return (raw, problems) => {
    if (raw.body === undefined || raw.body.length === 0) return parsePart('body', schema, undefined, problems);
    refuseEncoded(raw);
    if (!jsonMediaType.test(raw.contentType ?? '')) {
      throw unsupported('This route reads JSON. Send the header content-type: application/json.');
    }
    return parsePart('body', schema, parseJsonBody(raw.body, maxDepth), problems);
  };
}

/** No bytes are bytes too: what an empty file means is for the route to say. */
const parseBytes: Parse = (raw) => {
  if (raw.body === undefined || raw.body.length === 0) return Buffer.alloc(0);
  refuseEncoded(raw);
  return raw.body;
};

const parseNothing: Parse = ({ body }, problems) => {
  if (body !== undefined && body.length > 0 && body.toString('latin1').trim() !== '{}') {
    problems.push({ path: ['body'], message: 'is not read by this route.', fix: 'Send the request without a body.' });
  }
  return undefined;
};

function bodyParser(declared: Route['request']['body'], maxDepth: number): Parse {
  if (declared === undefined) return parseNothing;
  return declared === 'bytes' ? parseBytes : jsonBodyParser(declared, maxDepth);
}

const isEmpty = (value: unknown) => typeof value !== 'object' || value === null || Object.keys(value).length === 0;

function fieldsParser(part: 'params' | 'query', declared: z.ZodObject | undefined): Parse {
  if (declared !== undefined) {
    const schema = strict(declared);
    return (raw, problems) => parsePart(part, schema, raw[part], problems);
  }
  return (raw, problems) => {
    if (!isEmpty(raw[part])) {
      problems.push({ path: [part], message: 'are not read by this route.', fix: 'Leave them away.' });
    }
    return undefined;
  };
}

function presentPath(path: DescribedProblem['path']): string {
  return path
    .map(String)
    .join('.')
    .replaceAll(/\.(\d+)(?=\.|$)/g, '[$1]');
}

function refuse(problems: readonly DescribedProblem[]): never {
  const shown = problems
    .slice(0, maxProblems)
    .map(({ path, message, fix }) => ({ path: presentPath(path), message, fix }));
  const [first] = shown;
  const more = problems.length > 1 ? ` There are ${problems.length - 1} more problems; details lists them.` : '';
  throw new AppError('REQUEST_INVALID', 'invalid', `${first?.path} ${first?.message} ${first?.fix}${more}`, {
    details: { problems: shown, omitted: problems.length - shown.length },
  });
}

/** Prepares the parser of one route. It throws REQUEST_INVALID with all problems of all parts at once. */
export function createRequestParser({ request }: Pick<Route, 'request'>, maxJsonDepth: number) {
  const parseParams = fieldsParser('params', request.params);
  const parseQuery = fieldsParser('query', request.query);
  const parseBody = bodyParser(request.body, maxJsonDepth);
  return (raw: RawRequest): ParsedRequest => {
    const problems: DescribedProblem[] = [];
    const params = parseParams(raw, problems);
    const query = parseQuery(raw, problems);
    const body = parseBody(raw, problems);
    if (problems.length > 0) refuse(problems);
    return { params, query, body };
  };
}
