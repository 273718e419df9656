import type { ChatReply } from '#modules/chat/contract.ts';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice, ProblemNotice } from '../../components/notice.tsx';
import { Waiting } from '../../components/waiting.tsx';
import { formatCount, formatSeconds } from '../../lib/format.ts';
import { AnswerText } from './answer-text.tsx';
import type { OpenPassage } from './citation.tsx';
import { withoutHalfMark } from './segment-answer.ts';
import { SourceList } from './source-list.tsx';
import { isRunning, type Turn } from './turn.ts';

type TurnViewProps = { turn: Turn; onOpen: OpenPassage; onRetry: ((turn: Turn) => void) | undefined };

export function TurnView({ turn, onOpen, onRetry }: TurnViewProps) {
  return (
    <article className="turn" aria-busy={isRunning(turn)}>
      {turn.question !== '' && <h2 className="question">{turn.question}</h2>}
      <Answer turn={turn} onOpen={onOpen} />
      <Ending turn={turn} onRetry={onRetry && (() => onRetry(turn))} />
      {!isRunning(turn) && turn.sources.length > 0 && (
        <SourceList sources={turn.sources} sentences={turn.reply?.sentences ?? []} onOpen={onOpen} />
      )}
    </article>
  );
}

function Answer({ turn, onOpen }: { turn: Turn; onOpen: OpenPassage }) {
  if (turn.reply?.declined) return <Declined reply={turn.reply} />;
  if (isRunning(turn) && turn.text === '') {
    return <Waiting label={turn.progress === 'waiting' ? 'Searching your documents' : 'Writing the answer'} />;
  }
  if (turn.text === '') return null;
  const running = isRunning(turn);
  return (
    <div className={running ? 'answer running' : 'answer'}>
      <AnswerText
        answer={running ? withoutHalfMark(turn.text) : turn.text}
        sentences={turn.reply?.sentences ?? []}
        sources={turn.sources}
        onOpen={onOpen}
      />
      {turn.reply && <Footing reply={turn.reply} />}
    </div>
  );
}

/** Not knowing is an answer too, and looks like one: calm, with what to do next. */
function Declined({ reply }: { reply: ChatReply }) {
  const reason = reply.answer.replace(/^I don[’']t know[.:,;]?\s*/i, '');
  return (
    <div className="declined">
      <Icon name="question" />
      <div>
        <p className="declined-title">I don’t know</p>
        {reason !== '' && <p>{reason.charAt(0).toUpperCase() + reason.slice(1)}</p>}
      </div>
    </div>
  );
}

/** Where the words come from, how long it took, and what to be careful with. */
function Footing({ reply }: { reply: ChatReply }) {
  const { model_used: model, response_time_ms: timeMs, finish_reason: finish } = reply.metadata;
  const unsupported = reply.sentences.filter((sentence) => !sentence.supported).length;
  return (
    <>
      {unsupported > 0 && (
        <p className="caution">
          {formatCount(unsupported, 'sentence')} of this answer {unsupported === 1 ? 'is' : 'are'} not supported by your
          documents. Check before you rely on {unsupported === 1 ? 'it' : 'them'}.
        </p>
      )}
      {finish === 'length' && <p className="caution">The answer reached its longest length and ends early.</p>}
      {finish === 'content-filter' && <p className="caution">The model’s content filter ended the answer early.</p>}
      <p className="footing">
        <span>
          {model === 'extractive'
            ? 'From your documents, no language model configured'
            : `Written by ${model} from your documents`}
        </span>
        <span>{formatSeconds(timeMs)}</span>
      </p>
    </>
  );
}

function Ending({ turn, onRetry }: { turn: Turn; onRetry: (() => void) | undefined }) {
  const again = onRetry && <Button onClick={onRetry}>Ask again</Button>;
  if (turn.progress === 'failed' && turn.problem) {
    return <ProblemNotice problem={turn.problem} {...(onRetry && { onRetry })} />;
  }
  if (turn.progress === 'cut') {
    const hasText = turn.text !== '';
    const title = hasText ? 'The answer was cut off' : 'There is no answer to this question';
    return (
      <Notice kind="warning" title={title} action={again}>
        {hasText
          ? 'The connection ended early. What is shown is incomplete and was not checked.'
          : 'It was interrupted before an answer was kept.'}
      </Notice>
    );
  }
  if (turn.progress !== 'stopped') return null;
  return (
    <Notice kind="info" title="You stopped this answer" action={again}>
      {turn.text !== '' && 'What is shown is incomplete and was not checked.'}
    </Notice>
  );
}
