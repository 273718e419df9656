import { useSyncExternalStore } from 'react';

function subscribe(listener: () => void): () => void {
  window.addEventListener('online', listener);
  window.addEventListener('offline', listener);
  return () => {
    window.removeEventListener('online', listener);
    window.removeEventListener('offline', listener);
  };
}

/** A Nexus on this machine still answers without a network, so nothing is blocked. */
export function OfflineBadge() {
  const isOnline = useSyncExternalStore(subscribe, () => navigator.onLine);
  if (isOnline) return null;
  return (
    <span className="offline" role="status" title={explanation}>
      Offline
      <span className="visually-hidden">. {explanation}</span>
    </span>
  );
}

const explanation = 'A Nexus on this machine still answers; one elsewhere cannot be reached until you are back.';
