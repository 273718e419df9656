import type { ChatReply } from '#modules/chat/contract.ts';
import type { CommandContext } from '../command.ts';
import type { Terminal } from '../terminal.ts';

export type AskOptions = {
  conversation?: string | undefined;
  collection?: string | undefined;
  atLeast?: string | undefined;
};

export async function ask(context: CommandContext, question: string, options: AskOptions): Promise<ChatReply> {
  const connection = await context.connect();
  return connection.call<ChatReply>({
    method: 'POST',
    path: '/api/v1/chat/message',
    body: {
      message: question,
      conversation_id: options.conversation,
      collection_id: options.collection,
      at_least: options.atLeast,
    },
  });
}

export async function runAsk(context: CommandContext, question: string, options: AskOptions): Promise<undefined> {
  const reply = await ask(context, question, options);
  if (context.asJson) context.terminal.printJson(reply);
  else printAnswer(context.terminal, reply);
}

export function printAnswer(terminal: Terminal, reply: ChatReply): void {
  const { bold, dim, yellow } = terminal.colours;
  terminal.print();
  terminal.print(reply.declined ? yellow(reply.answer) : bold(reply.answer));
  const unsupported = reply.sentences.filter((sentence) => !sentence.supported);
  if (!reply.declined && unsupported.length > 0) {
    terminal.print(yellow(`\n${unsupported.length} sentence(s) above are not supported by the documents.`));
  }
  if (reply.sources.length > 0) terminal.print();
  for (const source of reply.sources) {
    const place = placeOf(source);
    const page = source.page === null ? '' : `, page ${source.page}`;
    const cited = citedPart(reply, source);
    terminal.print(`${bold(`[${source.number}]`)} ${place}${page} ${dim(`(${cited.start}–${cited.end})`)}`);
    terminal.print(dim(`    “${oneLine(cited.text, 220)}”`));
  }
  const { model_used, response_time_ms, confidence } = reply.metadata;
  terminal.print();
  terminal.print(
    dim(
      `${model_used === 'extractive' ? 'extractive: sentences of the documents, no language model' : model_used} · ${Math.round(response_time_ms)} ms · confidence ${confidence.toFixed(2)} · conversation ${reply.conversation_id}`,
    ),
  );
}

/** What of the source the answer's sentences rest on; the whole of it when none of them names a place. */
function citedPart(
  reply: ChatReply,
  source: ChatReply['sources'][number],
): { start: number; end: number; text: string } {
  const citations = reply.sentences.flatMap(({ citations: all }) => all.filter((one) => one.source === source.number));
  if (citations.length === 0) return { start: source.start, end: source.end, text: source.excerpt };
  const start = Math.min(...citations.map((one) => one.start));
  const end = Math.max(...citations.map((one) => one.end));
  return { start, end, text: source.excerpt.slice(start - source.start, end - source.start) };
}

/** Title and headings; a heading that repeats the title is not said twice. */
export function placeOf({ title, heading_path }: { title: string; heading_path: string[] }): string {
  return [title, ...heading_path.filter((heading) => heading !== title)].join(' › ');
}

export function oneLine(text: string, longest: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 1).trimEnd()}…`;
}
