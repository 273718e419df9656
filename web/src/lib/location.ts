/** The address bar as a store: the whole router of this page. */
import { type MouseEvent, useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
const announce = () => {
  for (const listener of listeners) listener();
};
window.addEventListener('popstate', announce);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const current = () => window.location.pathname + window.location.search;

/** Path and query; renders again when they change. */
export function useLocation(): URL {
  return new URL(useSyncExternalStore(subscribe, current), window.location.origin);
}

export function navigate(path: string, how: 'push' | 'replace' = 'push'): void {
  if (path === current()) return;
  if (how === 'push') window.history.pushState(null, '', path);
  else window.history.replaceState(null, '', path);
  announce();
}

/** True for a click that the page answers itself; false for one that opens a tab or saves. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}
