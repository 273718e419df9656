import { expect, test } from 'vitest';
import { blocksOf, read } from '../../testing/blocks-of.ts';
import { emailFormat } from './email-format.ts';

const head = 'From: Ann <ann@example.com>\nTo: bob@example.com\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n';
const alternative = (plain: string, html: string): string =>
  `${head}MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n${plain}\n--b\nContent-Type: text/html; charset=utf-8\n\n${html}\n--b--\n`;

test('tells subject, people and paragraphs; quoted lines are a quote', async () => {
  const { title } = await read(emailFormat, `${head}\nHello,\nBob.\n\n> said before\n`);
  expect(title).toBe('Grüße');
  expect(await blocksOf(emailFormat, `${head}\nHello,\nBob.\n\n> said before\n`)).toEqual([
    'heading1: # Grüße',
    'paragraph: From: Ann <ann@example.com>\nTo: bob@example.com',
    'paragraph: Hello,\nBob.',
    'quote: > said before',
  ]);
});

test('takes the plain form when it says what the HTML says, else the HTML', async () => {
  expect(await blocksOf(emailFormat, alternative('The whole text.', '<p>The <b>whole</b> text.</p>'))).toContain(
    'paragraph: The whole text.',
  );
  const html = await blocksOf(
    emailFormat,
    alternative('Open in a browser.', `<h2>News</h2><p>${'Long text. '.repeat(10)}</p>`),
  );
  expect(html).toContain('heading2: ## News');
  expect(html.join()).not.toContain('browser');
});

test('names attachments, reads those that are text and messages inside', async () => {
  const inner = 'From: eve@example.com\nSubject: Inner\n\nInner text.\n';
  const source = `${head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nBody.\n--b\nContent-Type: text/csv; name=a.csv\nContent-Disposition: attachment; filename=a.csv\n\nx,y\n--b\nContent-Type: image/png\nContent-Disposition: attachment; filename=p.png\nContent-Transfer-Encoding: base64\n\nAAAA\n--b\nContent-Type: message/rfc822\n\n${inner}\n--b--\n`;
  expect(await blocksOf(emailFormat, source)).toEqual([
    'heading1: # Grüße',
    expect.any(String),
    'paragraph: Body.',
    'list: Attachments:\n- p.png (image/png, 3 bytes)',
    'heading2: ## Attachment: a.csv',
    'paragraph: x,y',
    'paragraph: Attached message:',
    'heading2: ## Inner',
    'paragraph: From: eve@example.com',
    'paragraph: Inner text.',
  ]);
});

test('what has no header is no message', async () => {
  await expect(read(emailFormat, 'just text')).rejects.toMatchObject({ code: 'DOCUMENT_DAMAGED' });
});
