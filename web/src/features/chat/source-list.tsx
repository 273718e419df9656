import type { AnswerSentence, Source } from '#modules/chat/contract.ts';
import { type OpenPassage, PassageLink } from './citation.tsx';
import { citedPart } from './cited-part.ts';
import './source-list.css';

type SourceListProps = { sources: Source[]; sentences: AnswerSentence[]; onOpen: OpenPassage };

/** Every passage that the answer was given, with the part that it rests on. */
export function SourceList({ sources, sentences, onOpen }: SourceListProps) {
  return (
    <section className="sources">
      <h3>Sources</h3>
      <ol>
        {sources.map((source) => (
          <li key={source.number}>
            <SourceCard source={source} sentences={sentences} onOpen={onOpen} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function SourceCard({ source, sentences, onOpen }: Omit<SourceListProps, 'sources'> & { source: Source }) {
  const { start, end, text } = citedPart(source, sentences);
  return (
    <PassageLink className="source" documentId={source.document_id} start={start} end={end} onOpen={onOpen}>
      <span className="source-number">{source.number}</span>
      <span className="source-body">
        <span className="source-title">{source.title}</span>
        <SourcePlace source={source} />
        <span className="source-excerpt">{text}</span>
      </span>
    </PassageLink>
  );
}

function SourcePlace({ source }: { source: Source }) {
  const headings = source.heading_path.filter((heading) => heading !== source.title);
  const page = source.page === null ? [] : [`page ${source.page}`];
  const place = [...headings, ...page].join(' › ');
  return place === '' ? null : <span className="source-place">{place}</span>;
}
