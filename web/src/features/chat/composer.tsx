import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { IconButton } from '../../components/button.tsx';
import './composer.css';

const maxCharacters = 2000;
const warnFrom = 1800;

type ComposerProps = { busy: boolean; isFollowUp: boolean; onAsk: (question: string) => void; onStop: () => void };

/** Enter asks, Shift and Enter begin a new line. */
export function Composer({ busy, isFollowUp, onAsk, onStop }: ComposerProps) {
  const [text, setText] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus({ preventScroll: true }), []);

  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    const question = text.trim();
    if (busy || question === '') return;
    onAsk(question);
    setText('');
    box.current?.focus({ preventScroll: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };

  return (
    <form className="composer" onSubmit={submit}>
      <label className="visually-hidden" htmlFor="question">
        Your question
      </label>
      <div className="composer-box">
        <textarea
          id="question"
          ref={box}
          rows={1}
          value={text}
          maxLength={maxCharacters}
          placeholder={isFollowUp ? 'Ask a follow-up' : 'Ask your documents'}
          aria-describedby="question-hint"
          enterKeyHint="send"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {busy ? (
          <IconButton icon="stop" label="Stop the answer" onClick={onStop} />
        ) : (
          <IconButton type="submit" icon="send" label="Ask" disabled={text.trim() === ''} />
        )}
      </div>
      <p id="question-hint" className="composer-hint">
        {text.length >= warnFrom
          ? `${(maxCharacters - text.length).toLocaleString('en')} of 2,000 characters left`
          : 'Enter to ask, Shift + Enter for a new line'}
      </p>
    </form>
  );
}
