/** A bounded part of a text that stands for all of it, so that analysis takes the same time for a book as for a page. */

/** Stretches of the beginning, the middle and the end, joined by line breaks: at most `characters` UTF-16 code units. */
export function takeSample(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const head = Math.floor(characters / 2);
  const part = Math.floor((characters - head) / 2) - 1;
  const middle = Math.floor((text.length - part) / 2);
  const stretches = [text.slice(0, head), text.slice(middle, middle + part), text.slice(-part)];
  return stretches.map((stretch) => stretch.toWellFormed()).join('\n');
}
