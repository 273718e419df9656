import type { ReactNode } from 'react';
import type { Problem } from '../lib/http.ts';
import { Button } from './button.tsx';
import { Icon } from './icon.tsx';

type NoticeProps = {
  kind: 'info' | 'warning' | 'problem';
  title: string;
  requestId?: string | undefined;
  children?: ReactNode;
  action?: ReactNode;
};

export function Notice({ kind, title, requestId, children, action }: NoticeProps) {
  return (
    <div className={`notice ${kind}`} role={kind === 'problem' ? 'alert' : 'note'}>
      <Icon name={kind === 'info' ? 'info' : 'warning'} />
      <div className="notice-body">
        <p className="notice-title">{title}</p>
        {children && <div>{children}</div>}
        {requestId && (
          <p className="notice-id">
            Request <code>{requestId}</code>
          </p>
        )}
        {action && <div className="notice-action">{action}</div>}
      </div>
    </div>
  );
}

/** A failed request with its message, its id and a second try. */
export function ProblemNotice({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  return (
    <Notice
      kind="problem"
      title={problem.message}
      requestId={problem.requestId}
      action={onRetry && <Button onClick={onRetry}>Try again</Button>}
    >
      {problem.status === 0 && problem.code === 'UNREACHABLE' && (
        <>
          <code>./nexus start</code> starts it.
        </>
      )}
    </Notice>
  );
}
