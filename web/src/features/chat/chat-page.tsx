import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { Waiting } from '../../components/waiting.tsx';
import { navigate } from '../../lib/location.ts';
import { useMediaQuery } from '../../lib/use-media-query.ts';
import { usePages } from '../../lib/use-pages.ts';
import { listConversations } from './api.ts';
import type { OpenPassage } from './citation.tsx';
import { Composer } from './composer.tsx';
import { ConversationList } from './conversation-list.tsx';
import { isRunning, type Turn } from './turn.ts';
import { TurnView } from './turn-view.tsx';
import { type Conversation, useConversation } from './use-conversation.ts';
import './chat.css';

type ChatPageProps = {
  conversationId: string | undefined;
  /** Index position of the newest upload, which answers must have seen. */
  atLeast: string | undefined;
  onOpen: OpenPassage;
  /** What the page says before the first question, besides the invitation. */
  welcome: ReactNode;
};

export function ChatPage({ conversationId, atLeast, onOpen, welcome }: ChatPageProps) {
  const conversations = usePages(listConversations);
  const onStarted = useCallback(
    (id: string) => navigate(`/conversations/${id}${window.location.search}`, 'replace'),
    [],
  );
  const conversation = useConversation({ conversationId, atLeast, onStarted, onAnswered: conversations.reload });
  const isWide = useMediaQuery('(min-width: 60rem)');
  const [isListOpen, setListOpen] = useState(false);
  const closeList = useCallback(() => setListOpen(false), []);

  const startNew = () => {
    conversation.startOver();
    navigate('/');
    closeList();
  };
  const list = (
    <ConversationList conversations={conversations} currentId={conversationId} onNew={startNew} onChosen={closeList} />
  );
  return (
    <div className="chat">
      {isWide ? <aside className="chat-side">{list}</aside> : null}
      <main className="chat-main" id="main">
        {!isWide && (
          <Button icon="history" onClick={() => setListOpen(true)}>
            Conversations
          </Button>
        )}
        <Talk conversation={conversation} onOpen={onOpen} welcome={welcome} />
      </main>
      {isListOpen && !isWide && (
        <Sheet label="Conversations" side="left" onClose={closeList}>
          {list}
        </Sheet>
      )}
    </div>
  );
}

type TalkProps = { conversation: Conversation; onOpen: OpenPassage; welcome: ReactNode };

function Talk({ conversation, onOpen, welcome }: TalkProps) {
  const { turns, state, problem, busy, reload } = conversation;
  const isFresh = state === 'ready' && turns.length === 0;
  return (
    <div className={isFresh ? 'talk fresh' : 'talk'}>
      {isFresh && (
        <div className="welcome">
          <h1>What would you like to know?</h1>
          <p className="lead">Answers come from your documents, with a citation for every sentence.</p>
          {welcome}
        </div>
      )}
      {!isFresh && <h1 className="visually-hidden">Conversation</h1>}
      {state === 'loading' && <Waiting label="Opening the conversation" lines={4} />}
      {state === 'failed' && problem && <ProblemNotice problem={problem} onRetry={reload} />}
      <TurnList conversation={conversation} onOpen={onOpen} />
      <p className="visually-hidden" role="status">
        {announce(turns.at(-1))}
      </p>
      {state !== 'failed' && (
        <Composer busy={busy} isFollowUp={turns.length > 0} onAsk={conversation.ask} onStop={conversation.stop} />
      )}
    </div>
  );
}

function TurnList({ conversation, onOpen }: Omit<TalkProps, 'welcome'>) {
  const { turns, busy, retry } = conversation;
  const last = turns.at(-1);
  const end = useRef<HTMLDivElement>(null);
  const lastKey = last?.key;

  // A new question comes to the top of the view; the growing answer below it does not pull the page along.
  useEffect(() => {
    if (lastKey !== undefined) end.current?.lastElementChild?.scrollIntoView({ block: 'start' });
  }, [lastKey]);

  return (
    <div className="turns" ref={end}>
      {turns.map((turn) => (
        <TurnView key={turn.key} turn={turn} onOpen={onOpen} onRetry={turn === last && !busy ? retry : undefined} />
      ))}
    </div>
  );
}

/** What a screen reader says: the beginning and the end, not every word on the way. */
function announce(turn: Turn | undefined): string {
  if (turn === undefined) return '';
  if (isRunning(turn)) return 'Answering.';
  if (turn.progress === 'done') return turn.reply?.declined ? 'No answer was found.' : `Answer: ${turn.text}`;
  return turn.progress === 'stopped' ? 'The answer was stopped.' : 'The answer failed.';
}
