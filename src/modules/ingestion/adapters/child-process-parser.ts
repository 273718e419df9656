/** Reads files in the child processes of the sandbox: the parent's half and, below it, the child's. */
import { AppError, isAppError } from '#platform/errors.ts';
import type { ChildPool } from '#platform/sandbox/child-pool.ts';
import type { Frame } from '#platform/sandbox/frames.ts';
import { fromBlockBytes, toBlockBytes } from '../parsing/block-codec.ts';
import { toCanonicalText } from '../parsing/canonical-text.ts';
import { titleFromFilename, toTitle } from '../parsing/document-title.ts';
import { parseDocument } from '../parsing/parse-document.ts';
import type { Format, ParsedDocument, Parser } from '../ports.ts';
import type { Analyze } from '../service.ts';
import { fromAnalysisReply, toAnalysisReply } from './analysis-codec.ts';

type ParseRequest = { format: string; filename: string; title?: string | undefined };
type ParseReply = { title?: unknown; warnings?: unknown; analysis?: unknown };

/** A text file of this size is read in milliseconds, whatever is in it: it need not wait behind a large one. */
const quickBytes = 65_536;
const maxWarnings = 20;

const isQuick: Parser['isQuick'] = (format, sizeBytes) =>
  sizeBytes <= quickBytes && format.mediaTypes[0]?.startsWith('text/') === true;

export function createChildProcessParser({ pool, formats }: { pool: ChildPool; formats: readonly Format[] }): Parser {
  const byExtension = new Map(formats.flatMap((format) => format.extensions.map((extension) => [extension, format])));
  return {
    formatOf(filename) {
      const extension = /\.([\w+-]{1,32})$/.exec(filename)?.[1]?.toLowerCase();
      const format = extension === undefined ? undefined : byExtension.get(extension);
      if (format === undefined) throw unsupported(extension, formats);
      return format;
    },
    isQuick,
    async parse(format, { filename, bytes, title, group }, signal) {
      const header: ParseRequest = { format: format.name, filename, title };
      const options = { isQuick: isQuick(format, bytes.byteLength), group };
      const request = { header, parts: [bytes] };
      try {
        return toParsedDocument(await pool.run(request, signal, options));
      } catch (error) {
        // A file that took over the reader may have answered for those beside it.
        if (!options.isQuick || group === undefined || !isAppError(error, 'PARSER_REPLY')) throw error;
        return toParsedDocument(await pool.run(request, signal, { isQuick: true }));
      }
    },
    probe: (signal) => pool.probe(signal),
  };
}

/** The child's half: for `serveChild`. `analyze` absent: the document comes without an analysis. */
export function createParseHandler(formats: readonly Format[], analyze?: Analyze): (request: Frame) => Promise<Frame> {
  const byName = new Map(formats.map((format) => [format.name, format]));
  return async ({ header, parts }) => {
    const { format: name, filename, title: givenTitle = '' } = header as ParseRequest;
    const format = byName.get(name);
    if (format === undefined) throw unsupported(name, formats);
    const parsed = await parseDocument(format, parts[0] ?? new Uint8Array(), { filename });
    const { title, text, blocks, warnings } = parsed;
    const hints = {
      title: toTitle(givenTitle) || title || titleFromFilename(filename),
      filename,
      mediaType: format.mediaTypes[0] ?? 'application/octet-stream',
    };
    const analysis = analyze && toAnalysisReply(analyze(parsed, hints));
    const told = warnings.slice(0, maxWarnings);
    return { header: { title, warnings: told, analysis }, parts: [Buffer.from(text, 'utf8'), toBlockBytes(blocks)] };
  };
}

/** The child may have been taken over by the file: its answer is checked like any input. */
function toParsedDocument({ header, parts }: Frame): ParsedDocument {
  const { title, warnings, analysis }: ParseReply = typeof header === 'object' && header !== null ? header : {};
  const [textBytes, blockBytes] = parts;
  const text = textBytes && Buffer.from(textBytes.buffer, textBytes.byteOffset, textBytes.byteLength).toString('utf8');
  const blocks = text === undefined || blockBytes === undefined ? undefined : fromBlockBytes(blockBytes, text.length);
  if (text === undefined || blocks === undefined || text.includes('\0')) return refuse();
  return {
    title: typeof title === 'string' ? toTitle(toCanonicalText(title)) || undefined : undefined,
    text,
    blocks,
    analysis: analysis === undefined ? undefined : (fromAnalysisReply(analysis, text) ?? refuse()),
    warnings: Array.isArray(warnings) ? warnings.slice(0, maxWarnings).map(toWarning) : [],
  };
}

const toWarning = (warning: unknown): string =>
  typeof warning === 'string' ? toCanonicalText(warning).slice(0, 500).toWellFormed() : '';

function refuse(): never {
  throw new AppError('PARSER_REPLY', 'invalid', 'The reader of this file answered nonsense.');
}

/** What other programs save in a format that is read; worth saying, as it is asked for most. */
const newerEndings: Readonly<Record<string, string>> = { doc: 'docx', dot: 'docx', ppt: 'pptx', pps: 'pptx' };

function unsupported(found: string | undefined, formats: readonly Format[]): AppError {
  const what =
    found === undefined
      ? 'The file name has no ending that tells its format.'
      : `“.${found}” is not a format that is read.`;
  const newer = newerEndings[found ?? ''];
  const advice = newer === undefined ? '' : ` Save it as .${newer}.`;
  const names = formats.map(({ name }) => name).sort();
  return new AppError('FORMAT_UNSUPPORTED', 'unsupported', `${what}${advice} Read are: ${names.join(', ')}.`, {
    details: { extension: found ?? null, supported: formats.flatMap(({ extensions }) => extensions) },
  });
}
