import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark';

const key = 'nexus-theme';
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

/** Storage may be forbidden by the browser; the theme then follows the system. */
function readChoice(): Theme | undefined {
  try {
    const stored = window.localStorage.getItem(key);
    return stored === 'light' || stored === 'dark' ? stored : undefined;
  } catch {
    return undefined;
  }
}

function writeChoice(theme: Theme | undefined): void {
  try {
    if (theme === undefined) window.localStorage.removeItem(key);
    else window.localStorage.setItem(key, theme);
  } catch {
    // The choice then lasts as long as the page.
  }
}

let choice = readChoice();

const systemTheme = (): Theme => (systemDark.matches ? 'dark' : 'light');
const currentTheme = (): Theme => choice ?? systemTheme();

/** Puts the person's choice on the document; without one the stylesheet follows the system. */
export function applyTheme(): void {
  if (choice === undefined) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}

/** Turns to the other theme; one that equals the system's is no choice and follows it again. */
export function toggleTheme(): void {
  const wanted: Theme = currentTheme() === 'dark' ? 'light' : 'dark';
  choice = wanted === systemTheme() ? undefined : wanted;
  writeChoice(choice);
  applyTheme();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  systemDark.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    systemDark.removeEventListener('change', listener);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme);
}
