/** What the three Microsoft formats share: relations between parts, document properties, titles. */
import { childOf, childrenOf, readXml, xmlText } from './read-xml.ts';
import { damaged, type Zip } from './read-zip.ts';

export type Relation = { id: string; type: string; target: string };

/** Relations of a part to parts inside the file. What points outside is left out: nothing is ever fetched. */
export async function readRelations(zip: Zip, part: string): Promise<Relation[]> {
  const cut = part.lastIndexOf('/') + 1;
  const root = await readXml(zip.stream(`${part.slice(0, cut)}_rels/${part.slice(cut)}.rels`));
  return childrenOf(root, 'Relationship')
    .filter(({ attributes }) => attributes.TargetMode !== 'External')
    .map(({ attributes }) => ({
      id: attributes.Id ?? '',
      type: (attributes.Type ?? '').slice((attributes.Type ?? '').lastIndexOf('/') + 1),
      target: resolveTarget(part, attributes.Target ?? ''),
    }));
}

/** The main part that the file names, else the customary one. Throws DOCUMENT_DAMAGED. */
export async function findMainPart(zip: Zip, usual: string): Promise<string> {
  const relations = await readRelations(zip, '');
  const named = relations.find(({ type }) => type === 'officeDocument')?.target;
  const part = named !== undefined && zip.has(named) ? named : usual;
  if (zip.has(part)) return part;
  throw damaged(`The file has no part ${usual}: it is not of the format that its name says.`);
}

/** A path of the container for a target that is relative to a part, absolute, or written with `..`. */
export function resolveTarget(part: string, target: string): string {
  const path = decodePercent(target.replace(/[#?].*$/, ''));
  const steps = path.startsWith('/') ? [] : part.split('/').slice(0, -1);
  for (const step of path.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '.' && step !== '') steps.push(step);
  }
  return steps.join('/');
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign belongs to the name.
    return text;
  }
}

const noTitle =
  /^(?:untitled.*|title|(?:word |microsoft word )?document ?\d*|(?:powerpoint )?presentation ?\d*|slide ?1|pptx? presentation|.*\.(?:docx?|pptx?|xlsx?|odt|pdf|rtf|tmp))$/i;

/** The title that the author gave in the properties, unless it is one that programs make up. */
export async function readOwnTitle(zip: Zip): Promise<string | undefined> {
  const part = zip.has('docProps/core.xml') ? 'docProps/core.xml' : undefined;
  if (part === undefined) return undefined;
  return toOwnTitle(xmlText(childOf(await readXml(zip.stream(part)), 'dc:title')));
}

export function toOwnTitle(text: string): string | undefined {
  const title = text.replaceAll(/\s+/g, ' ').trim();
  return /\p{L}{2}/u.test(title) && !noTitle.test(title) ? title : undefined;
}
