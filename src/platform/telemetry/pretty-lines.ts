/** Log lines for people at a terminal: time, level, module and event, then what else is known. */

const colours = { debug: 90, info: 36, warn: 33, error: 31 } as const;

type Line = { time?: string; level?: string; module?: string; event?: string; error?: { stack?: string } };

const paint = (text: string, colour: number, coloured: boolean) =>
  coloured ? `\u001b[${colour}m${text}\u001b[0m` : text;

/** A terminal must not be steered by what a request contained. */
const withoutControls = (text: string) => text.replaceAll(/\p{Cc}/gu, '�');

function presentValue(value: unknown): string {
  const text = typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  return withoutControls(text);
}

/** One JSON log line as a line for people; a stack trace follows on lines of its own. */
export function formatPrettyLine(json: string, coloured: boolean): string {
  const { time = '', level = 'info', module = '', event = '', error, ...rest } = JSON.parse(json) as Line;
  const { stack, ...fault } = error ?? {};
  const fields = Object.entries({ ...rest, ...fault }).map(([key, value]) => `${key}=${presentValue(value)}`);
  const colour = colours[level as keyof typeof colours] ?? colours.info;
  const head = [
    paint(time.slice(11, 23), 90, coloured),
    paint(level.padEnd(5), colour, coloured),
    `${module === '' ? '' : `${module} `}${event}`,
  ];
  const trace = stack === undefined ? '' : `\n${stack.split('\n').map(withoutControls).join('\n')}`;
  return `${[...head, ...fields].join(' ')}${trace}\n`;
}
