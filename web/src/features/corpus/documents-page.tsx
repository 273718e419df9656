import { useEffect, useState } from 'react';
import type { DocumentView } from '#modules/corpus/contract.ts';
import { Button } from '../../components/button.tsx';
import { Command } from '../../components/command.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { Waiting } from '../../components/waiting.tsx';
import type { Pages } from '../../lib/use-pages.ts';
import { usePages } from '../../lib/use-pages.ts';
import { listDocuments } from './api.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { DocumentRow } from './document-row.tsx';
import { UploadZone } from './upload-zone.tsx';
import type { Uploads } from './use-uploads.ts';
import './documents-page.css';

export function DocumentsPage({ uploads }: { uploads: Uploads }) {
  const documents = usePages(listDocuments);
  const { reload } = documents;
  const [leaving, setLeaving] = useState<DocumentView>();

  const stored = uploads.uploads.filter((upload) => upload.state === 'stored').length;
  useEffect(() => {
    if (stored > 0) reload();
  }, [stored, reload]);

  const onDeleted = () => {
    setLeaving(undefined);
    reload();
  };
  return (
    <main className="page" id="main">
      <h1>Documents</h1>
      <p className="lead">Everything that answers may be drawn from.</p>
      <UploadZone uploads={uploads} />
      <DocumentList documents={documents} onDelete={setLeaving} />
      {leaving && <DeleteDialog document={leaving} onClose={() => setLeaving(undefined)} onDeleted={onDeleted} />}
    </main>
  );
}

type DocumentListProps = { documents: Pages<DocumentView>; onDelete: (document: DocumentView) => void };

function DocumentList({ documents, onDelete }: DocumentListProps) {
  const { items, state, problem, hasMore, loadMore, reload } = documents;
  const now = Date.now();
  if (items.length === 0) {
    if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
    return state === 'loading' ? <Waiting label="Loading your documents" lines={4} /> : <NoDocuments />;
  }
  return (
    <>
      {problem && <ProblemNotice problem={problem} onRetry={reload} />}
      <table className="documents">
        <caption className="visually-hidden">Your documents, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Title</th>
            <th scope="col">Format</th>
            <th scope="col">Size</th>
            <th scope="col">Updated</th>
            <th scope="col">
              <span className="visually-hidden">Delete</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((document) => (
            <DocumentRow key={document.id} document={document} now={now} onDelete={onDelete} />
          ))}
        </tbody>
      </table>
      {hasMore && (
        <Button onClick={loadMore} disabled={state === 'loading'}>
          Show older documents
        </Button>
      )}
    </>
  );
}

function NoDocuments() {
  return (
    <div className="no-documents">
      <h2>No documents yet</h2>
      <p>Drop a few files above, or take in a whole folder from the terminal:</p>
      <Command text="./nexus ingest FOLDER" />
    </div>
  );
}
