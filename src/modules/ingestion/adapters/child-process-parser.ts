/** Reads files in the child processes of the sandbox: the parent's half and, below it, the child's. */
import { AppError } from '#platform/errors.ts';
import type { ChildPool } from '#platform/sandbox/child-pool.ts';
import type { Frame } from '#platform/sandbox/frames.ts';
import { fromBlockBytes, toBlockBytes } from '../block-codec.ts';
import { parseDocument } from '../parse-document.ts';
import type { Format, ParsedDocument, Parser } from '../ports.ts';

type ParseRequest = { format: string; filename: string };
type ParseReply = { title?: unknown; warnings?: unknown };

export function createChildProcessParser({ pool, formats }: { pool: ChildPool; formats: readonly Format[] }): Parser {
  const byExtension = new Map(formats.flatMap((format) => format.extensions.map((extension) => [extension, format])));
  return {
    formatOf(filename) {
      const extension = /\.([^./\\]{1,32})$/.exec(filename)?.[1]?.toLowerCase();
      const format = extension === undefined ? undefined : byExtension.get(extension);
      if (format === undefined) throw unsupported(extension, [...byExtension.keys()]);
      return format;
    },
    async parse(format, { filename, bytes }, signal) {
      const header: ParseRequest = { format: format.name, filename };
      return toParsedDocument(await pool.run({ header, parts: [bytes] }, signal));
    },
  };
}

/** The child's half: for `serveChild`. */
export function createParseHandler(formats: readonly Format[]): (request: Frame) => Promise<Frame> {
  const byName = new Map(formats.map((format) => [format.name, format]));
  return async ({ header, parts }) => {
    const { format: name, filename } = header as ParseRequest;
    const format = byName.get(name);
    if (format === undefined) throw unsupported(name, [...byName.keys()]);
    const { title, text, blocks, warnings } = await parseDocument(format, parts[0] ?? new Uint8Array(), { filename });
    return { header: { title, warnings }, parts: [Buffer.from(text, 'utf8'), toBlockBytes(blocks)] };
  };
}

const maxWarnings = 20;

/** The child may have been taken over by the file: its answer is checked like any input. */
function toParsedDocument({ header, parts }: Frame): ParsedDocument {
  const { title, warnings } = header as ParseReply;
  const [textBytes, blockBytes] = parts;
  const text = textBytes && Buffer.from(textBytes.buffer, textBytes.byteOffset, textBytes.byteLength).toString('utf8');
  const blocks = text === undefined || blockBytes === undefined ? undefined : fromBlockBytes(blockBytes, text.length);
  if (text === undefined || blocks === undefined || text.includes('\0')) {
    throw new AppError('PARSER_REPLY', 'invalid', 'The reader of this file answered nonsense.');
  }
  return {
    title: typeof title === 'string' && title !== '' ? title.slice(0, 500) : undefined,
    text,
    blocks,
    warnings: Array.isArray(warnings)
      ? warnings.slice(0, maxWarnings).map((warning) => String(warning).slice(0, 500))
      : [],
  };
}

function unsupported(found: string | undefined, known: string[]): AppError {
  const supported = known.map((extension) => `.${extension}`).join(', ');
  const what = found === undefined ? 'A file name without an ending' : `.${found}`;
  return new AppError('FORMAT_UNSUPPORTED', 'unsupported', `${what} is not supported. Supported: ${supported}.`, {
    details: { extension: found ?? null, supported: known },
  });
}
