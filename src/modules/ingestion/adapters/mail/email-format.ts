import type { Address, Attachment, Email } from 'postal-mime';
import { AppError } from '#platform/errors.ts';
import { isBlank } from '../../parsing/canonical-text.ts';
import { createTextBuilder, type TextBuilder } from '../../parsing/text-builder.ts';
import type { Format } from '../../ports.ts';
import { isTextFile, readBody, readTextFile } from './email-body.ts';

/** E-mail: subject, who and when, the message in the better of its two forms, what is attached; text attachments are read. */
export const emailFormat: Format = {
  name: 'email',
  version: 1,
  extensions: ['eml'],
  mediaTypes: ['message/rfc822'],
  matches: (bytes) => /^(?:From |[\w-]{1,76}[ \t]?:)/m.test(new TextDecoder('latin1').decode(bytes.subarray(0, 4_096))),
  async parse(bytes) {
    const builder = createTextBuilder();
    const warnings: string[] = [];
    const subject = await writeEmail(bytes, { builder, warnings, level: 1 });
    return { title: subject, ...builder.build(), warnings };
  },
};

type Writing = { builder: TextBuilder; warnings: string[]; level: number };

const deepestMessage = 4;
const mostAttachments = 200;

/** Returns the subject. Messages inside are written below their own heading. */
async function writeEmail(bytes: Uint8Array, writing: Writing): Promise<string | undefined> {
  const { builder, level } = writing;
  const email = await parseEmail(bytes);
  const subject = email.subject?.replaceAll(/\s+/g, ' ').trim() || undefined;
  if (subject !== undefined) builder.add('heading', `${'#'.repeat(level)} ${subject}`, { level });
  builder.add('paragraph', toEnvelope(email));
  await readBody(email, builder);
  const attachments = email.attachments.slice(0, mostAttachments);
  if (email.attachments.length > mostAttachments) {
    writing.warnings.push(`${email.attachments.length - mostAttachments} attachments were left out.`);
  }
  const others = attachments.filter((attachment) => !isRead(attachment, level));
  if (others.length > 0)
    builder.add('list', `Attachments:\n${others.map((other) => `- ${describe(other)}`).join('\n')}`);
  for (const attachment of attachments) if (isRead(attachment, level)) await writeAttachment(attachment, writing);
  return subject;
}

const isMessage = ({ mimeType }: Attachment): boolean => mimeType === 'message/rfc822';

function isRead(attachment: Attachment, level: number): boolean {
  return isMessage(attachment) ? level < deepestMessage : isTextFile(attachment);
}

async function parseEmail(bytes: Uint8Array): Promise<Email> {
  const { default: PostalMime } = await import('postal-mime');
  try {
    return await PostalMime.parse(bytes, { forceRfc822Attachments: true, maxNestingDepth: 64 });
  } catch (cause) {
    throw new AppError('DOCUMENT_DAMAGED', 'invalid', 'The message cannot be read.', { cause });
  }
}

function toEnvelope({ from, to, cc, date }: Email): string {
  const named: [string, Address[]][] = [
    ['From', from === undefined ? [] : [from]],
    ['To', to ?? []],
    ['Cc', cc ?? []],
  ];
  const lines = named.flatMap(([name, addresses]) => {
    const people = addresses.flatMap(toPeople).slice(0, 100).join(', ');
    return people === '' ? [] : [`${name}: ${people}`];
  });
  return [...lines, ...(date === undefined ? [] : [`Date: ${date}`])].join('\n');
}

function toPeople({ name = '', address = '', group }: Address): string[] {
  if (group !== undefined) return group.flatMap(toPeople);
  const shown = address === '' ? '' : `<${address}>`;
  const person = name === '' ? address : `${name} ${shown}`.trim();
  return person === '' ? [] : [person];
}

const describe = ({ filename, mimeType, content }: Attachment): string =>
  `${filename ?? 'unnamed'} (${mimeType}, ${toBytes(content).byteLength} bytes)`;

function toBytes(content: Attachment['content']): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content);
}

async function writeAttachment(attachment: Attachment, writing: Writing): Promise<void> {
  const { builder, warnings, level } = writing;
  const name = attachment.filename ?? 'unnamed';
  const bytes = toBytes(attachment.content);
  if (isMessage(attachment)) {
    builder.add('paragraph', 'Attached message:');
    await writeEmail(bytes, { ...writing, level: level + 1 });
    return;
  }
  builder.add('heading', `${'#'.repeat(level + 1)} Attachment: ${name}`, { level: level + 1 });
  const complaint = await readTextFile({ name, mimeType: attachment.mimeType, bytes }, builder);
  if (complaint !== undefined && !isBlank(complaint)) warnings.push(complaint);
}
