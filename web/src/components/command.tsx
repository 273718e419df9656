/** A command to type in the terminal; a click selects it whole. */
export function Command({ text }: { text: string }) {
  return (
    <pre className="command">
      <code>{text}</code>
    </pre>
  );
}
