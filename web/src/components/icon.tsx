/** Drawn by hand on a 20 × 20 grid, stroke 1.6: no icon package, no request. */
const shapes = {
  sun: 'M10 3V1.8M10 18.2V17M3 10H1.8M18.2 10H17M5 5l-.9-.9M15.9 15.9 15 15M5 15l-.9.9M15.9 4.1 15 5M13.4 10a3.4 3.4 0 1 1-6.8 0 3.4 3.4 0 0 1 6.8 0Z',
  moon: 'M16.8 11.9A7.2 7.2 0 0 1 8.1 3.2a7.2 7.2 0 1 0 8.7 8.7Z',
  close: 'm5 5 10 10M15 5 5 15',
  send: 'M10 16V4M4.8 9.2 10 4l5.2 5.2',
  stop: 'M6 6h8v8H6zM7.5 7.5h5v5h-5zM9 9h2v2H9z',
  trash: 'M3.5 5.5h13M8 5.5V3.6h4v1.9M5.2 5.5l.7 10.9h8.2l.7-10.9M8.4 8.6v4.8M11.6 8.6v4.8',
  expand: 'M11.5 4H16v4.5M16 4l-6 6M8.5 4.5H5A1 1 0 0 0 4 5.5V15a1 1 0 0 0 1 1h9.5a1 1 0 0 0 1-1v-3.5',
  history: 'M3.4 10a6.6 6.6 0 1 0 2-4.7L3.4 7.2M3.4 3.6v3.6H7M10 6.6V10l2.4 1.6',
  plus: 'M10 4v12M4 10h12',
  upload: 'M10 12.5V3.5M6.2 7.2 10 3.5l3.8 3.7M3.5 12.5v3a1 1 0 0 0 1 1h11a1 1 0 0 0 1-1v-3',
  warning: 'M10 3.2 17.6 16.4H2.4L10 3.2ZM10 8v4M10 14.1v.1',
  info: 'M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0ZM10 9.2v4.2M10 6.6v.1',
  check: 'm4.5 10.5 3.8 3.8 7.2-8',
  question: 'M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0ZM8 8.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4M10 13.6v.1',
  file: 'M5 2.8h6.5L15.5 7v10.2H5V2.8ZM11.3 3v4.2h4',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}
