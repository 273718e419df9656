import { useCallback, useEffect, useReducer, useRef } from 'react';
import { isAbort, type Problem, toProblem } from '../../lib/http.ts';
import { askQuestion, readMessages } from './api.ts';
import { applyEvent, type ChatEvent, endTurn, failTurn, isRunning, startTurn, type Turn, turnsOf } from './turn.ts';

export type Conversation = {
  turns: Turn[];
  state: 'ready' | 'loading' | 'failed';
  problem: Problem | undefined;
  busy: boolean;
  ask: (question: string) => void;
  /** Asks the question of a turn again, in its place at the end. */
  retry: (turn: Turn) => void;
  stop: () => void;
  /** Leaves the conversation for an empty one. */
  startOver: () => void;
  reload: () => void;
};

type Held = Pick<Conversation, 'turns' | 'state' | 'problem'>;
type Action =
  | { type: 'opened'; state: 'ready' | 'loading' }
  | { type: 'loaded'; turns: Turn[] }
  | { type: 'load-failed'; problem: Problem }
  | { type: 'asked'; turn: Turn; instead: string | undefined }
  | { type: 'moved'; key: string; move: (turn: Turn) => Turn };

function reduce(held: Held, action: Action): Held {
  switch (action.type) {
    case 'opened':
      return { turns: [], state: action.state, problem: undefined };
    case 'loaded':
      return { turns: action.turns, state: 'ready', problem: undefined };
    case 'load-failed':
      return { ...held, state: 'failed', problem: action.problem };
    case 'asked':
      return { ...held, turns: [...held.turns.filter((turn) => turn.key !== action.instead), action.turn] };
    case 'moved':
      return { ...held, turns: held.turns.map((turn) => (turn.key === action.key ? action.move(turn) : turn)) };
  }
}

/** Why a request was given up, when it was not the person who stopped it. */
const left = new DOMException('Another conversation or question was opened.', 'AbortError');
const silence = new DOMException('The connection fell silent.', 'AbortError');

/** The server gives a sign of life every few seconds; this is for a connection that died without saying so. */
const silenceMs = 90_000;

type Options = {
  /** The conversation in the address bar. */
  conversationId: string | undefined;
  /** Index position that answers must have seen. */
  atLeast: string | undefined;
  /** A question of a new conversation was accepted under this id. */
  onStarted: (conversationId: string) => void;
  /** An answer ended, well or not. */
  onAnswered: () => void;
};

export function useConversation({ conversationId, atLeast, onStarted, onAnswered }: Options): Conversation {
  const [held, dispatch] = useReducer(reduce, {
    turns: [],
    state: conversationId ? 'loading' : 'ready',
    problem: undefined,
  });
  const openId = useRef<string>(undefined);
  const running = useRef<AbortController>(undefined);
  const asked = useRef(0);

  const open = useCallback((id: string | undefined) => {
    running.current?.abort(left);
    openId.current = id;
    dispatch({ type: 'opened', state: id ? 'loading' : 'ready' });
    if (id) void load(id, dispatch, replace(running));
  }, []);

  useEffect(() => {
    if (conversationId !== openId.current) open(conversationId);
  }, [conversationId, open]);

  useEffect(
    () => () => {
      running.current?.abort(left);
      openId.current = undefined;
    },
    [],
  );

  const ask = async (question: string, instead?: string) => {
    const controller = replace(running);
    asked.current += 1;
    const turn = startTurn(`asked-${asked.current}`, question);
    dispatch({ type: 'asked', turn, instead });
    const move = (next: (turn: Turn) => Turn) => dispatch({ type: 'moved', key: turn.key, move: next });
    const watch = watchSilence(controller);
    try {
      const body = { message: question, conversation_id: openId.current, at_least: atLeast };
      for await (const event of askQuestion(body, { signal: controller.signal, onHeard: watch.heard })) {
        if (event.event === 'start') noteStart(event);
        move((before) => applyEvent(before, event));
      }
      move((before) => endTurn(before, 'ended'));
    } catch (error) {
      const stopped = isAbort(error) && controller.signal.reason !== silence;
      move((before) => endOf(before, { error, stopped }));
    } finally {
      watch.end();
      if (controller.signal.reason !== left) onAnswered();
    }
  };

  const noteStart = (event: Extract<ChatEvent, { event: 'start' }>) => {
    if (openId.current === event.data.conversation_id) return;
    openId.current = event.data.conversation_id;
    onStarted(event.data.conversation_id);
  };

  return {
    ...held,
    busy: isRunning(held.turns.at(-1)),
    ask: (question) => void ask(question),
    retry: (turn) => void ask(turn.question, turn.key),
    stop: () => running.current?.abort(),
    startOver: () => open(undefined),
    reload: () => open(openId.current),
  };
}

type Running = { current: AbortController | undefined };

/** One request at a time: the one before is left. */
function replace(running: Running): AbortController {
  running.current?.abort(left);
  const controller = new AbortController();
  running.current = controller;
  return controller;
}

async function load(id: string, dispatch: (action: Action) => void, { signal }: AbortController): Promise<void> {
  try {
    dispatch({ type: 'loaded', turns: turnsOf(await readMessages(id, signal)) });
  } catch (error) {
    if (!signal.aborted) dispatch({ type: 'load-failed', problem: toProblem(error) });
  }
}

function endOf(turn: Turn, { error, stopped }: { error: unknown; stopped: boolean }): Turn {
  if (stopped) return endTurn(turn, 'stopped');
  return isAbort(error) ? endTurn(turn, 'ended') : failTurn(turn, toProblem(error));
}

function watchSilence(controller: AbortController): { heard: () => void; end: () => void } {
  const give = () => window.setTimeout(() => controller.abort(silence), silenceMs);
  let timer = give();
  const end = () => window.clearTimeout(timer);
  return {
    end,
    heard: () => {
      end();
      timer = give();
    },
  };
}
