import { useEffect, useLayoutEffect, useRef } from 'react';
import { Button } from '../../components/button.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { Waiting } from '../../components/waiting.tsx';
import { type Highlight, splitAt, type TextWindow } from './text-window.ts';
import type { DocumentTextState } from './use-document-text.ts';
import './document-text.css';

type DocumentTextProps = { state: DocumentTextState; highlight: Highlight | undefined };

/** The document's words with the cited passage marked. Plain text: nothing in a document can become markup. */
export function DocumentText({ state, highlight }: DocumentTextProps) {
  const { window: shown, reading, problem, showBefore, showAfter, reload } = state;
  if (shown === undefined) {
    return problem ? (
      <ProblemNotice problem={problem} {...(problem.status !== 404 && { onRetry: reload })} />
    ) : (
      <Waiting label="Opening the document" lines={5} />
    );
  }
  return (
    <div className="document-text">
      {shown.start > 0 && (
        <Button onClick={showBefore} aria-disabled={reading !== undefined}>
          {reading === 'before' ? 'Loading…' : 'Show earlier text'}
        </Button>
      )}
      <Words shown={shown} highlight={highlight} />
      {problem && <ProblemNotice problem={problem} />}
      {shown.end < shown.characters && (
        <Button onClick={showAfter} aria-disabled={reading !== undefined}>
          {reading === 'after' ? 'Loading…' : 'Show more text'}
        </Button>
      )}
      {shown.characters === 0 && <p className="quiet">This document has no text.</p>}
    </div>
  );
}

function Words({ shown, highlight }: { shown: TextWindow; highlight: Highlight | undefined }) {
  const mark = useRef<HTMLElement>(null);
  const words = useRef<HTMLDivElement>(null);
  const [textBefore, marked, textAfter] = splitAt(shown, highlight);
  const markedAt = marked === '' ? undefined : highlight?.start;

  useEffect(() => {
    if (markedAt !== undefined) mark.current?.scrollIntoView({ block: 'center' });
  }, [markedAt]);
  useSteadyView(words, shown.start);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="words" ref={words} aria-label="Text of the document" tabIndex={0}>
      {textBefore}
      {marked !== '' && <mark ref={mark}>{marked}</mark>}
      {textAfter}
    </section>
  );
}

/** Text that is put above must not push away what is being read. */
function useSteadyView(words: { current: HTMLElement | null }, start: number): void {
  const last = useRef({ start, height: 0 });
  useLayoutEffect(() => {
    const element = words.current;
    if (element === null) return;
    // The whole view, because the button above the text goes when there is no earlier text left.
    const height = element.parentElement?.offsetHeight ?? 0;
    const grown = height - last.current.height;
    if (start < last.current.start && grown > 0) scrollerOf(element).scrollBy({ top: grown });
    last.current = { start, height };
  });
}

function scrollerOf(element: HTMLElement): Element {
  return element.closest('[data-scroller]') ?? document.documentElement;
}
