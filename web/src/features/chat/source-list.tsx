import type { Source } from '#modules/chat/contract.ts';
import { type OpenPassage, PassageLink } from './citation.tsx';
import './source-list.css';

/** Every passage that the answer was given, with its beginning. */
export function SourceList({ sources, onOpen }: { sources: Source[]; onOpen: OpenPassage }) {
  return (
    <section className="sources">
      <h3>Sources</h3>
      <ol>
        {sources.map((source) => (
          <li key={source.number}>
            <PassageLink
              className="source"
              documentId={source.document_id}
              start={source.start}
              end={source.end}
              onOpen={onOpen}
            >
              <span className="source-number">{source.number}</span>
              <span className="source-body">
                <span className="source-title">{source.title}</span>
                <SourcePlace source={source} />
                <span className="source-excerpt">{withoutHeading(source.excerpt)}</span>
              </span>
            </PassageLink>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The place already names the heading; Markdown would say it again. */
function withoutHeading(excerpt: string): string {
  return excerpt.replace(/^#{1,6} .*\n+/, '');
}

function SourcePlace({ source }: { source: Source }) {
  const headings = source.heading_path.filter((heading) => heading !== source.title);
  const page = source.page === null ? [] : [`page ${source.page}`];
  const place = [...headings, ...page].join(' › ');
  return place === '' ? null : <span className="source-place">{place}</span>;
}
