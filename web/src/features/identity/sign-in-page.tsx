import { Button } from '../../components/button.tsx';
import { Command } from '../../components/command.tsx';
import { Notice } from '../../components/notice.tsx';
import type { Problem } from '../../lib/http.ts';
import { retrySession } from './session.ts';
import './identity.css';

/** Shown to whoever is not signed in: how to get a link, and why the last one was refused. */
export function SignInPage({ refusal }: { refusal: string | undefined }) {
  return (
    <main className="sign-in" id="main">
      <h1>Sign in to Nexus</h1>
      {refusal !== undefined && (
        <Notice kind="problem" title="That did not work">
          {refusal} Ask for a new link as described below.
        </Notice>
      )}
      <p className="lead">There is no password. The terminal in which Nexus runs prints a link that signs you in.</p>
      <ol className="steps">
        <li>
          <p>In the folder of Nexus, run:</p>
          <Command text="./nexus start" />
        </li>
        <li>
          <p>Open the link that it prints. It looks like this:</p>
          <p className="sample">{window.location.origin}/#token=…</p>
        </li>
      </ol>
      <p className="quiet">A link works once and for 30 minutes. Starting Nexus again prints a fresh one.</p>
    </main>
  );
}

export function UnreachablePage({ problem }: { problem: Problem }) {
  return (
    <main className="sign-in" id="main">
      <h1>Nexus does not answer</h1>
      <Notice kind="problem" title={problem.message} requestId={problem.requestId}>
        {problem.status === 0 && 'Start it in its folder, then try again:'}
      </Notice>
      {problem.status === 0 && <Command text="./nexus start" />}
      <Button kind="primary" onClick={retrySession}>
        Try again
      </Button>
    </main>
  );
}
