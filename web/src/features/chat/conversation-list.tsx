import type { ConversationView } from '#modules/chat/contract.ts';
import { Button } from '../../components/button.tsx';
import { Link } from '../../components/link.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { Waiting } from '../../components/waiting.tsx';
import { formatWhen } from '../../lib/format.ts';
import type { Pages } from '../../lib/use-pages.ts';
import './conversation-list.css';

type ConversationListProps = {
  conversations: Pages<ConversationView>;
  currentId: string | undefined;
  onNew: () => void;
  onChosen: () => void;
};

export function ConversationList({ conversations, currentId, onNew, onChosen }: ConversationListProps) {
  const { items, state, problem, hasMore, loadMore, reload } = conversations;
  const now = Date.now();
  return (
    <nav className="conversations" aria-label="Conversations">
      <Button icon="plus" onClick={onNew}>
        New question
      </Button>
      <h2>Recent</h2>
      {state === 'loading' && items.length === 0 && <Waiting label="Loading your conversations" />}
      {state === 'ready' && items.length === 0 && <p className="quiet">Your questions will be kept here.</p>}
      {problem && items.length === 0 && <ProblemNotice problem={problem} onRetry={reload} />}
      {problem && items.length > 0 && <p className="quiet">This list could not be refreshed.</p>}
      <ul>
        {items.map((conversation) => (
          <li key={conversation.id}>
            <Link
              href={`/conversations/${conversation.id}`}
              aria-current={conversation.id === currentId ? 'page' : undefined}
              onClick={onChosen}
            >
              <span className="conversation-title">{conversation.title}</span>
              <time dateTime={conversation.updated_at}>{formatWhen(conversation.updated_at, now)}</time>
            </Link>
          </li>
        ))}
      </ul>
      {hasMore && (
        <Button onClick={loadMore} disabled={state === 'loading'}>
          Show older
        </Button>
      )}
    </nav>
  );
}
