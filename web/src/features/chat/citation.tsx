import type { ReactNode } from 'react';
import { isPlainClick } from '../../lib/location.ts';
import { type Passage, passageUrl } from '../../lib/passage.ts';

export type OpenPassage = (passage: Passage) => void;

type PassageLinkProps = Passage & { onOpen: OpenPassage; className: string; label?: string; children: ReactNode };

/** Opens the pane beside the answer; in a new tab it is a link to the whole document. */
export function PassageLink({ documentId, start, end, onOpen, className, label, children }: PassageLinkProps) {
  const passage = { documentId, start, end };
  return (
    <a
      className={className}
      href={passageUrl(passage)}
      aria-label={label}
      title={label}
      onClick={(event) => {
        if (!isPlainClick(event)) return;
        event.preventDefault();
        onOpen(passage);
      }}
    >
      {children}
    </a>
  );
}
