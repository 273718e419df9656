import type { DocumentView } from '#modules/corpus/contract.ts';
import { IconButton } from '../../components/button.tsx';
import { Link } from '../../components/link.tsx';
import { formatBytes, formatWhen } from '../../lib/format.ts';

type DocumentRowProps = { document: DocumentView; now: number; onDelete: (document: DocumentView) => void };

export function DocumentRow({ document, now, onDelete }: DocumentRowProps) {
  const {
    id,
    title,
    external_id: name,
    media_type: mediaType,
    size_bytes: sizeBytes,
    updated_at: updatedAt,
  } = document;
  return (
    <tr>
      <th scope="row">
        <Link href={`/documents/${id}`}>{title}</Link>
        {name !== title && <span className="document-name">{name}</span>}
      </th>
      <td>{formats[mediaType] ?? mediaType}</td>
      <td className="number">{formatBytes(sizeBytes)}</td>
      <td>
        <time dateTime={updatedAt}>{formatWhen(updatedAt, now)}</time>
      </td>
      <td className="row-action">
        <IconButton icon="trash" label={`Delete ${title}`} onClick={() => onDelete(document)} />
      </td>
    </tr>
  );
}

const formats: Record<string, string> = {
  'application/pdf': 'PDF',
  'text/html': 'HTML',
  'text/markdown': 'Markdown',
  'text/plain': 'Text',
};
