import { type ChangeEvent, type DragEvent, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice } from '../../components/notice.tsx';
import { formatCount } from '../../lib/format.ts';
import { describeUpload, maxFiles, type Upload } from './upload.ts';
import type { Uploads } from './use-uploads.ts';
import './upload-zone.css';

/** Takes files by dropping or choosing, and shows what became of each. */
export function UploadZone({ uploads }: { uploads: Uploads }) {
  const [isOver, setOver] = useState(false);
  const [complaint, setComplaint] = useState<string>();
  const chooser = useRef<HTMLInputElement>(null);

  const take = (files: File[], folders: number) => {
    const leftOut = uploads.add(files);
    setComplaint(complain({ folders, leftOut }));
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const { files, folders } = sortDropped(event.dataTransfer);
    take(files, folders);
  };
  const onChoose = (event: ChangeEvent<HTMLInputElement>) => {
    take([...(event.target.files ?? [])], 0);
    event.target.value = '';
  };

  return (
    <section className="upload" aria-label="Add documents">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a short cut; the button inside does the same. */}
      <div
        className={isOver ? 'drop-zone over' : 'drop-zone'}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <Icon name="upload" />
        <p>
          <strong>Drop files here</strong>
          <span className="quiet">Markdown, text, HTML or PDF</span>
        </p>
        <input
          ref={chooser}
          className="visually-hidden"
          type="file"
          multiple
          tabIndex={-1}
          aria-label="Files to add"
          onChange={onChoose}
        />
        <Button onClick={() => chooser.current?.click()}>Choose files</Button>
      </div>
      {complaint && <Notice kind="warning" title={complaint} />}
      <UploadList uploads={uploads} />
    </section>
  );
}

function UploadList({ uploads: { uploads, busy, clear } }: { uploads: Uploads }) {
  if (uploads.length === 0) return null;
  const stored = uploads.filter((upload) => upload.state === 'stored').length;
  const failed = uploads.filter((upload) => upload.state === 'failed').length;
  const summary = `${stored} of ${formatCount(uploads.length, 'file')} done${failed > 0 ? `, ${failed} failed` : ''}`;
  return (
    <div className="uploads">
      <div className="uploads-head">
        <p role="status">{summary}</p>
        {!busy && <Button onClick={clear}>Clear list</Button>}
      </div>
      <ul>
        {uploads.map((upload) => (
          <UploadRow key={upload.key} upload={upload} />
        ))}
      </ul>
    </div>
  );
}

function UploadRow({ upload }: { upload: Upload }) {
  return (
    <li className={`upload-row ${upload.state}`}>
      <UploadIcon state={upload.state} />
      <span className="upload-name">{upload.name}</span>
      <span className="upload-state">
        {describeUpload(upload)}
        {upload.state === 'failed' && upload.problem.requestId && (
          <span className="upload-problem-id">
            Request <code>{upload.problem.requestId}</code>
          </span>
        )}
      </span>
      {upload.state === 'sending' && <progress aria-label={`Sending ${upload.name}`} value={upload.share} max={1} />}
    </li>
  );
}

function UploadIcon({ state }: { state: Upload['state'] }) {
  if (state === 'stored') return <Icon name="check" />;
  return <Icon name={state === 'failed' ? 'warning' : 'file'} />;
}

/** A dropped folder looks like a file that cannot be read; it is recognised and left to the command line. */
function sortDropped(dropped: DataTransfer): { files: File[]; folders: number } {
  const items = [...dropped.items].filter((item) => item.kind === 'file');
  const isFolder = (item: DataTransferItem) => item.webkitGetAsEntry()?.isDirectory === true;
  const files = items.filter((item) => !isFolder(item)).map((item) => item.getAsFile());
  return { files: files.filter((file) => file !== null), folders: items.filter(isFolder).length };
}

function complain({ folders, leftOut }: { folders: number; leftOut: number }): string | undefined {
  if (folders > 0) return 'Folders cannot be dropped here. In the terminal, ./nexus ingest FOLDER takes a whole one.';
  if (leftOut > 0)
    return `${maxFiles} files at a time: ${formatCount(leftOut, 'file')} left out. ./nexus ingest FOLDER takes more.`;
  return undefined;
}
