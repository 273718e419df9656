/** Grey lines where text will be; `label` is what a screen reader says meanwhile. */
export function Waiting({ label, lines = 3 }: { label: string; lines?: 1 | 2 | 3 | 4 | 5 }) {
  return (
    <div className="waiting" role="status">
      <span className="visually-hidden">{label}</span>
      {['a', 'b', 'c', 'd', 'e'].slice(0, lines).map((name) => (
        <span key={name} className="waiting-line" />
      ))}
    </div>
  );
}
