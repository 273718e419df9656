import { type ReactNode, useState } from 'react';
import { IconButton } from '../components/button.tsx';
import { Link } from '../components/link.tsx';
import { ProblemNotice } from '../components/notice.tsx';
import { type Session, signOut } from '../features/identity/session.ts';
import { type Problem, toProblem } from '../lib/http.ts';
import { toggleTheme, useTheme } from '../lib/theme.ts';
import { OfflineBadge } from './offline-badge.tsx';

type ShellProps = { session: Session; section: 'ask' | 'documents' | undefined; children: ReactNode };

/** What surrounds every page. */
export function Shell({ session, section, children }: ShellProps) {
  const [problem, setProblem] = useState<Problem>();
  const isSignedIn = session.state === 'signed-in';
  const leave = () => {
    setProblem(undefined);
    signOut().catch((error: unknown) => setProblem(toProblem(error)));
  };
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <Link className="brand" href="/">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <rect width="32" height="32" rx="8" />
            <path d="M9.5 23V9.5l13 13V9" />
          </svg>
          Nexus
        </Link>
        {isSignedIn && (
          <nav className="top-nav" aria-label="Main">
            <Link href="/" aria-current={section === 'ask' ? 'page' : undefined}>
              Ask
            </Link>
            <Link href="/documents" aria-current={section === 'documents' ? 'page' : undefined}>
              Documents
            </Link>
          </nav>
        )}
        <div className="top-end">
          <OfflineBadge />
          <ThemeToggle />
          {isSignedIn && (
            <button type="button" className="top-button" onClick={leave}>
              Sign out
            </button>
          )}
        </div>
      </header>
      {problem && isSignedIn && <ProblemNotice problem={problem} onRetry={leave} />}
      {children}
    </div>
  );
}

function ThemeToggle() {
  const theme = useTheme();
  const label = theme === 'dark' ? 'Switch to light colours' : 'Switch to dark colours';
  return <IconButton icon={theme === 'dark' ? 'sun' : 'moon'} label={label} onClick={toggleTheme} />;
}
