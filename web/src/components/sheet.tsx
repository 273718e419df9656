import { type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';

type SheetProps = { label: string; side: 'left' | 'full' | 'center'; onClose: () => void; children: ReactNode };

/** A modal over the page. The browser's own dialog keeps the focus inside and closes on Escape. */
export function Sheet({ label, side, onClose, children }: SheetProps) {
  const dialog = useRef<HTMLDialogElement>(null);

  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);

  useEffect(() => {
    const element = dialog.current;
    const closeOutside = (event: MouseEvent) => event.target === element && onClose();
    element?.addEventListener('click', closeOutside);
    return () => element?.removeEventListener('click', closeOutside);
  }, [onClose]);

  return (
    <dialog
      ref={dialog}
      className={`sheet ${side}`}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="sheet-body">{children}</div>
    </dialog>
  );
}
