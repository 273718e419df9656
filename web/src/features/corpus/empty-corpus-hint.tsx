import { useEffect, useState } from 'react';
import { Link } from '../../components/link.tsx';
import { hasDocuments } from './api.ts';

/** Beside the first question: says so when there is nothing yet to ask. */
export function EmptyCorpusHint() {
  const [isEmpty, setEmpty] = useState(false);
  useEffect(() => {
    const controller = new AbortController();
    hasDocuments(controller.signal).then(
      (some) => setEmpty(!some),
      // A hint that cannot be given is left out; asking will tell the same problem aloud.
      () => undefined,
    );
    return () => controller.abort();
  }, []);
  if (!isEmpty) return null;
  return (
    <p className="empty-hint">
      There are no documents yet. <Link href="/documents">Add some</Link>, or run <code>./nexus ingest FOLDER</code> in
      the terminal.
    </p>
  );
}
