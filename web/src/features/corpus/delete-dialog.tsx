import { useState } from 'react';
import type { DocumentView } from '#modules/corpus/contract.ts';
import { Button } from '../../components/button.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { Sheet } from '../../components/sheet.tsx';
import { type Problem, toProblem } from '../../lib/http.ts';
import { deleteDocument } from './api.ts';

type DeleteDialogProps = { document: DocumentView; onClose: () => void; onDeleted: () => void };

export function DeleteDialog({ document, onClose, onDeleted }: DeleteDialogProps) {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);

  const remove = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      await deleteDocument(document.id);
      onDeleted();
    } catch (error) {
      const failure = toProblem(error);
      // Somebody else was faster: what was asked for is so.
      if (failure.status === 404) onDeleted();
      else setProblem(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Sheet label="Delete document" side="center" onClose={onClose}>
      <h2>Delete this document?</h2>
      <p>
        <strong>{document.title}</strong> will be gone, and no answer will use it any more. The original file on your
        disk stays.
      </p>
      {problem && <ProblemNotice problem={problem} />}
      <div className="dialog-actions">
        <Button onClick={onClose}>Keep it</Button>
        <Button kind="danger" onClick={() => void remove()} disabled={busy}>
          {busy ? 'Deleting…' : 'Delete'}
        </Button>
      </div>
    </Sheet>
  );
}
