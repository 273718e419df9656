/** One question and what became of it. Pure: the stream's events go in, what is shown comes out. */
import type { ChatReply, MessageView, Source } from '#modules/chat/contract.ts';
import type { Problem } from '../../lib/http.ts';

export type Turn = {
  key: string;
  question: string;
  /** `cut`: the stream ended without `done`, so what is shown is not the whole answer. */
  progress: 'waiting' | 'streaming' | 'done' | 'stopped' | 'cut' | 'failed';
  text: string;
  sources: Source[];
  /** The whole, checked reply; only after `done`. */
  reply: ChatReply | undefined;
  problem: Problem | undefined;
};

export type ChatEvent =
  | { event: 'start'; data: { conversation_id: string; message_id: string } }
  | { event: 'sources'; data: Source[] }
  | { event: 'delta'; data: { text: string } }
  | { event: 'done'; data: ChatReply }
  | { event: 'error'; data: { code: string; message: string; request_id: string } };

export function startTurn(key: string, question: string): Turn {
  return { key, question, progress: 'waiting', text: '', sources: [], reply: undefined, problem: undefined };
}

export function isRunning(turn: Turn | undefined): boolean {
  return turn?.progress === 'waiting' || turn?.progress === 'streaming';
}

/** Nothing moves a turn that has ended. */
export function applyEvent(turn: Turn, { event, data }: ChatEvent): Turn {
  if (!isRunning(turn)) return turn;
  switch (event) {
    case 'start':
      return { ...turn, progress: 'streaming' };
    case 'sources':
      return { ...turn, progress: 'streaming', sources: data };
    case 'delta':
      return { ...turn, progress: 'streaming', text: turn.text + data.text };
    case 'done':
      return { ...turn, progress: 'done', text: data.answer, sources: data.sources, reply: data };
    case 'error':
      return failTurn(turn, { status: 200, code: data.code, message: data.message, requestId: data.request_id });
  }
}

/** The stream is over. Without `done` it was cut, or stopped by the person. */
export function endTurn(turn: Turn, how: 'ended' | 'stopped'): Turn {
  if (!isRunning(turn)) return turn;
  return { ...turn, progress: how === 'stopped' ? 'stopped' : 'cut' };
}

export function failTurn(turn: Turn, problem: Problem): Turn {
  return isRunning(turn) ? { ...turn, progress: 'failed', problem } : turn;
}

/** The stored messages of a conversation, oldest first, as turns. */
export function turnsOf(messages: MessageView[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const open = turns.at(-1);
    if (message.role === 'user') turns.push({ ...startTurn(message.id, message.content), progress: 'cut' });
    else if (open?.progress === 'cut') turns[turns.length - 1] = answered(open, message);
    else turns.push(answered(startTurn(message.id, ''), message));
  }
  return turns;
}

function answered(turn: Turn, message: MessageView): Turn {
  const reply = message.reply ?? undefined;
  const cut = message.cut_reason === 'STOPPED' ? 'stopped' : 'cut';
  return {
    ...turn,
    progress: reply === undefined ? cut : 'done',
    text: message.content,
    sources: reply?.sources ?? [],
    reply,
  };
}
