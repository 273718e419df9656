import type { AnswerSentence, Source } from '#modules/chat/contract.ts';
import { Icon } from '../../components/icon.tsx';
import { type OpenPassage, PassageLink } from './citation.tsx';
import { type Piece, type Segment, segmentAnswer } from './segment-answer.ts';

type AnswerTextProps = { answer: string; sentences: AnswerSentence[]; sources: Source[]; onOpen: OpenPassage };

/** The words of an answer, as plain text: nothing in it can become markup. */
export function AnswerText({ answer, sentences, sources, onOpen }: AnswerTextProps) {
  return (
    <p className="answer-text">
      {segmentAnswer({ answer, sentences, sources }).map((segment) => (
        <Sentence key={segment.start} segment={segment} onOpen={onOpen} />
      ))}
    </p>
  );
}

function Sentence({ segment, onOpen }: { segment: Segment; onOpen: OpenPassage }) {
  const pieces = segment.pieces.map((piece, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text have no identity but their place.
    <PieceView key={index} piece={piece} onOpen={onOpen} />
  ));
  if (segment.supported) return <span>{pieces}</span>;
  return (
    <span className="unsupported">
      <span className="unsupported-words">{pieces}</span>
      <span className="unsupported-flag">
        <Icon name="warning" />
        not in your documents
      </span>
    </span>
  );
}

function PieceView({ piece, onOpen }: { piece: Piece; onOpen: OpenPassage }) {
  if (piece.kind === 'text') return piece.text;
  const { source, start, end } = piece;
  return (
    <PassageLink
      className="citation"
      documentId={source.document_id}
      start={start}
      end={end}
      onOpen={onOpen}
      label={`Source ${source.number}: ${source.title}`}
    >
      {source.number}
    </PassageLink>
  );
}
