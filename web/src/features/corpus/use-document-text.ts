import { useCallback, useEffect, useRef, useState } from 'react';
import { isAbort, type Problem, toProblem } from '../../lib/http.ts';
import { readText } from './api.ts';
import {
  firstRange,
  type Highlight,
  joinWindow,
  openWindow,
  rangeAfter,
  rangeBefore,
  type TextWindow,
} from './text-window.ts';

export type DocumentTextState = {
  window: TextWindow | undefined;
  reading: 'first' | 'before' | 'after' | undefined;
  problem: Problem | undefined;
  showBefore: () => void;
  showAfter: () => void;
  reload: () => void;
};

type Held = Pick<DocumentTextState, 'window' | 'reading' | 'problem'>;

const nothing: Held = { window: undefined, reading: 'first', problem: undefined };

export function useDocumentText(documentId: string, highlight: Highlight | undefined): DocumentTextState {
  const [held, setHeld] = useState<Held>(nothing);
  const running = useRef<AbortController>(undefined);
  const from = highlight?.start;
  const to = highlight?.end;

  const read = useCallback(
    async (reading: 'first' | 'before' | 'after', window: TextWindow | undefined) => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      setHeld({ window, reading, problem: undefined });
      try {
        const range = rangeFor(reading, window, toHighlight(from, to));
        const piece = await readText(documentId, range, controller.signal);
        // A document that changed meanwhile starts again: its offsets mean something else now.
        const next = window === undefined ? openWindow(piece) : (joinWindow(window, piece) ?? openWindow(piece));
        setHeld({ window: next, reading: undefined, problem: undefined });
      } catch (error) {
        if (!isAbort(error)) setHeld({ window, reading: undefined, problem: toProblem(error) });
      }
    },
    [documentId, from, to],
  );

  useEffect(() => {
    void read('first', undefined);
    return () => running.current?.abort();
  }, [read]);

  const isIdle = held.reading === undefined;
  return {
    ...held,
    showBefore: () => void (isIdle && read('before', held.window)),
    showAfter: () => void (isIdle && read('after', held.window)),
    reload: () => void read('first', undefined),
  };
}

function toHighlight(start: number | undefined, end: number | undefined): Highlight | undefined {
  return start === undefined || end === undefined ? undefined : { start, end };
}

function rangeFor(
  reading: 'first' | 'before' | 'after',
  window: TextWindow | undefined,
  highlight: Highlight | undefined,
) {
  if (window === undefined || reading === 'first') return firstRange(highlight);
  return reading === 'before' ? rangeBefore(window) : rangeAfter(window);
}
