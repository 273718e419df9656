import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Link } from '../components/link.tsx';
import { Waiting } from '../components/waiting.tsx';
import { ChatPage } from '../features/chat/chat-page.tsx';
import { DocumentPage } from '../features/corpus/document-page.tsx';
import { DocumentPane } from '../features/corpus/document-pane.tsx';
import { DocumentsPage } from '../features/corpus/documents-page.tsx';
import { EmptyCorpusHint } from '../features/corpus/empty-corpus-hint.tsx';
import { useUploads } from '../features/corpus/use-uploads.ts';
import { currentSession, type Session, subscribeSession } from '../features/identity/session.ts';
import { SignInPage, UnreachablePage } from '../features/identity/sign-in-page.tsx';
import { navigate, useLocation } from '../lib/location.ts';
import type { Passage } from '../lib/passage.ts';
import { type Route, toPassage, toRoute, withPassage } from './routes.ts';
import { Shell } from './shell.tsx';

export function App() {
  const session = useSyncExternalStore(subscribeSession, currentSession);
  const url = useLocation();
  const route = toRoute(url);
  useNewPage(route.page, url.pathname);
  return (
    <Shell session={session} section={sectionOf(route)}>
      {session.state === 'signed-in' ? <SignedIn route={route} url={url} /> : <Outside session={session} />}
    </Shell>
  );
}

function Outside({ session }: { session: Exclude<Session, { state: 'signed-in' }> }) {
  switch (session.state) {
    case 'checking':
      return (
        <main className="page" id="main">
          <Waiting label="Signing in" />
        </main>
      );
    case 'signed-out':
      return <SignInPage refusal={session.refusal} />;
    case 'unreachable':
      return <UnreachablePage problem={session.problem} />;
  }
}

function SignedIn({ route, url }: { route: Route; url: URL }) {
  const [atLeast, setAtLeast] = useState<string>();
  // Here, not on the page of documents: files keep travelling while a question is asked.
  const uploads = useUploads(setAtLeast);
  switch (route.page) {
    case 'ask':
      return <Ask conversationId={route.conversationId} url={url} atLeast={atLeast} />;
    case 'documents':
      return <DocumentsPage uploads={uploads} />;
    case 'document':
      return <DocumentPage key={url.href} documentId={route.documentId} highlight={route.range} />;
    case 'not-found':
      return <NotFoundPage />;
  }
}

type AskProps = { conversationId: string | undefined; url: URL; atLeast: string | undefined };

/** The conversation, and beside it the passage that a citation opened. */
function Ask({ conversationId, url, atLeast }: AskProps) {
  const passage = toPassage(url);
  const isOpen = passage !== undefined;
  const open = useCallback(
    (wanted: Passage) => navigate(withPassage(window.location.pathname, wanted), isOpen ? 'replace' : 'push'),
    [isOpen],
  );
  const close = useCallback(() => navigate(window.location.pathname, 'replace'), []);
  return (
    <div className={isOpen ? 'ask with-pane' : 'ask'}>
      <ChatPage conversationId={conversationId} atLeast={atLeast} onOpen={open} welcome={<EmptyCorpusHint />} />
      {passage && <DocumentPane passage={passage} onClose={close} />}
    </div>
  );
}

function NotFoundPage() {
  return (
    <main className="page" id="main">
      <h1>There is nothing here</h1>
      <p>
        The address may be mistyped. <Link href="/">Ask a question</Link> or look at{' '}
        <Link href="/documents">your documents</Link>.
      </p>
    </main>
  );
}

function sectionOf(route: Route): 'ask' | 'documents' | undefined {
  if (route.page === 'ask') return 'ask';
  return route.page === 'not-found' ? undefined : 'documents';
}

const titles: Record<Route['page'], string> = {
  ask: 'Nexus',
  documents: 'Documents · Nexus',
  document: 'Document · Nexus',
  'not-found': 'Not found · Nexus',
};

/** A page of its own starts at its top; one conversation keeps its place while its address gets a name. */
function useNewPage(page: Route['page'], pathname: string): void {
  const place = page === 'ask' ? page : pathname;
  const shown = useRef(place);
  useEffect(() => {
    document.title = titles[page];
    if (shown.current !== place) window.scrollTo(0, 0);
    shown.current = place;
  }, [page, place]);
}
