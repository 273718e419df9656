import { useEffect } from 'react';
import { Link } from '../../components/link.tsx';
import { formatCount } from '../../lib/format.ts';
import { DocumentText } from './document-text.tsx';
import type { Highlight } from './text-window.ts';
import { useDocumentText } from './use-document-text.ts';

type DocumentPageProps = { documentId: string; highlight: Highlight | undefined };

export function DocumentPage({ documentId, highlight }: DocumentPageProps) {
  const state = useDocumentText(documentId, highlight);
  const title = state.window?.title;

  useEffect(() => {
    if (title !== undefined) document.title = `${title} · Nexus`;
  }, [title]);

  return (
    <main className="page document-page" id="main">
      <Link className="back" href="/documents">
        All documents
      </Link>
      <h1>{title ?? 'Document'}</h1>
      {state.window && <p className="quiet">{formatCount(state.window.characters, 'character')} of text</p>}
      <DocumentText state={state} highlight={highlight} />
    </main>
  );
}
