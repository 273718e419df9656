export type ServerEvent = { event: string; data: string };

/** Far above any answer: a server that sends more without an end of event is broken. */
const maxPendingCharacters = 8_000_000;

/** Cuts a stream of server-sent events into events, whatever pieces it arrives in. */
export function createEventParser(): (piece: string) => ServerEvent[] {
  let pending = '';
  return (piece) => {
    pending += piece;
    if (pending.length > maxPendingCharacters) throw new Error('One event of the stream is too long.');
    // A carriage return at the very end may be half of a line break: it waits for its other half.
    const held = pending.endsWith('\r') ? '\r' : '';
    const blocks = pending
      .slice(0, pending.length - held.length)
      .replaceAll(/\r\n?/g, '\n')
      .split('\n\n');
    pending = (blocks.pop() ?? '') + held;
    return blocks.map(parseBlock).filter((event) => event.data !== '');
  };
}

function parseBlock(block: string): ServerEvent {
  const fields = block.split('\n').map(parseLine);
  const values = (name: string) => fields.filter((field) => field.name === name).map((field) => field.value);
  return { event: values('event').at(-1) ?? 'message', data: values('data').join('\n') };
}

/** `data: value`; a line that begins with a colon is a comment, sent to keep the connection open. */
function parseLine(line: string): { name: string; value: string } {
  const colon = line.indexOf(':');
  if (colon < 0) return { name: line, value: '' };
  return { name: line.slice(0, colon), value: line.slice(colon + 1).replace(/^ /, '') };
}
