import { useEffect, useRef } from 'react';
import { IconButton } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Link } from '../../components/link.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { type Passage, passageUrl } from '../../lib/passage.ts';
import { useMediaQuery } from '../../lib/use-media-query.ts';
import { DocumentText } from './document-text.tsx';
import { useDocumentText } from './use-document-text.ts';

type DocumentPaneProps = { passage: Passage; onClose: () => void };

/** A cited passage in its document: beside the answer where there is room, over it where there is none. */
export function DocumentPane({ passage, onClose }: DocumentPaneProps) {
  const isWide = useMediaQuery('(min-width: 75rem)');
  useEscape(isWide, onClose);
  const pane = <PaneContent key={passage.documentId} passage={passage} onClose={onClose} />;
  if (!isWide) {
    return (
      <Sheet label="Document" side="full" onClose={onClose}>
        {pane}
      </Sheet>
    );
  }
  return (
    <aside className="pane" aria-label="Document">
      {pane}
    </aside>
  );
}

/** Escape closes the pane wherever the focus is; a dialog looks after its own. */
function useEscape(isActive: boolean, onClose: () => void): void {
  useEffect(() => {
    if (!isActive) return;
    const close = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.isComposing) onClose();
    };
    document.addEventListener('keydown', close);
    return () => document.removeEventListener('keydown', close);
  }, [isActive, onClose]);
}

function PaneContent({ passage, onClose }: DocumentPaneProps) {
  const state = useDocumentText(passage.documentId, passage);
  const heading = useRef<HTMLHeadingElement>(null);
  const returnTo = useRef<Element | null>(null);

  // The focus goes to the document and, on closing, back to the citation that opened it.
  useEffect(() => {
    returnTo.current ??= document.activeElement;
    heading.current?.focus({ preventScroll: true });
    return () => {
      if (returnTo.current instanceof HTMLElement) returnTo.current.focus({ preventScroll: true });
    };
  }, []);

  return (
    <div className="pane-content">
      <header className="pane-head">
        <h2 ref={heading} tabIndex={-1}>
          {state.window?.title ?? 'Document'}
        </h2>
        <IconButton icon="close" label="Close the document" onClick={onClose} />
        <Link className="pane-link" href={passageUrl(passage)}>
          <Icon name="expand" />
          Open whole document
        </Link>
      </header>
      <div className="pane-scroll" data-scroller="">
        <DocumentText state={state} highlight={passage} />
      </div>
    </div>
  );
}
