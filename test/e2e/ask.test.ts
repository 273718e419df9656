import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { chromiumPath, isInView, openBrowser, openPage } from './browser.ts';
import { lighthouse } from './lighthouse.ts';

const projectRoot = join(import.meta.dirname, '../..');
const clean = { errors: [], foreignRequests: [], policyViolations: [] };
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, colorScheme: 'dark' } as const;

const name = chromiumPath === undefined ? 'the page (skipped: no Chromium on this machine)' : 'the page';

describe.skipIf(chromiumPath === undefined)(name, () => {
  let browser: Browser;
  let home: string;
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let cookies: Awaited<ReturnType<ReturnType<Page['context']>['cookies']>>;

  beforeAll(async () => {
    // The runner sets NODE_ENV to "test", with which React would be bundled for developers.
    vi.stubEnv('NODE_ENV', 'production');
    await build({ configFile: join(projectRoot, 'web/vite.config.ts'), logLevel: 'error' });
    vi.unstubAllEnvs();
    home = await mkdtemp(join(tmpdir(), 'nexus-e2e-'));
    server = await startTestServer({ home });
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (home) await rm(home, { recursive: true, force: true });
  });

  it('takes a person from the link in the terminal to the cited passage', async () => {
    const { page, complaints, close } = await openPage(browser, server.url, { colorScheme: 'light' });

    await page.goto(server.signInUrl);
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    expect(page.url()).toBe(`${server.url}/`);
    await page.getByText('There are no documents yet').waitFor();

    await page.getByRole('link', { name: 'Documents', exact: true }).click();
    await upload(page);
    await page.getByRole('link', { name: 'Ask', exact: true }).click();
    await page.getByLabel('Your question').fill(lighthouse.question);
    await page.keyboard.press('Enter');
    await page.getByText('From your documents, no language model configured').waitFor();
    expect(await page.locator('.answer-text').textContent()).toContain(lighthouse.fact);

    await page.locator('.citation').first().click();
    await expectHighlight(page);
    await page.getByRole('link', { name: 'Open whole document' }).click();
    await page.getByRole('heading', { level: 1, name: 'Skagen' }).waitFor();
    await expectHighlight(page);
    await page.reload();
    await expectHighlight(page);

    expect(complaints).toEqual(clean);
    cookies = await page.context().cookies();
    await close();
  });

  it('opens a kept conversation again, on a phone, in the dark', async () => {
    const { page, complaints, close } = await openPage(browser, server.url, phone);
    await page.context().addCookies(cookies);

    await page.goto(server.url);
    await page.getByRole('button', { name: 'Conversations' }).tap();
    await page.getByRole('link', { name: lighthouse.question }).tap();
    await page.locator('.answer-text').waitFor();
    expect(new URL(page.url()).pathname).toMatch(/^\/conversations\//);
    await page.reload();
    await page.locator('.citation').first().tap();
    await expectHighlight(page);
    await page.goBack();
    await page.locator('dialog').waitFor({ state: 'detached' });

    const widths = await page.locator('html').evaluate((html) => [html.scrollWidth, html.clientWidth]);
    expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
    expect(complaints).toEqual(clean);
    await close();
  });

  it('says that it does not know instead of guessing', async () => {
    const { page, complaints, close } = await openPage(browser, server.url);
    await page.context().addCookies(cookies);

    await page.goto(server.url);
    await page.getByLabel('Your question').fill('Which enzyme does aspirin inhibit?');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByText('I don’t know', { exact: true }).waitFor();

    expect(complaints).toEqual(clean);
    await close();
  });

  it('deletes a document only after asking, and signs out', async () => {
    const { page, complaints, close } = await openPage(browser, server.url);
    await page.context().addCookies(cookies);

    await page.goto(server.url);
    await page.getByRole('link', { name: 'Documents', exact: true }).click();
    await page.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByRole('button', { name: /^Delete/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'No documents yet' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Nexus' }).waitFor();

    expect(complaints).toEqual(clean);
    await close();
  });

  it('refuses a link that was used before, and says how to get another', async () => {
    const { page, complaints, close } = await openPage(browser, server.url);

    await page.goto(server.signInUrl);
    await page.getByRole('alert').waitFor();
    expect(await page.getByText('./nexus start').first().isVisible()).toBe(true);
    expect(page.url()).toBe(`${server.url}/`);

    expect(complaints).toMatchObject({ foreignRequests: [], policyViolations: [] });
    await close();
  });
});

async function upload(page: Page): Promise<void> {
  const file = { name: lighthouse.name, mimeType: 'text/markdown', buffer: Buffer.from(lighthouse.text) };
  await page.getByLabel('Files to add').setInputFiles(file);
  await page.getByText('1 of 1 file done').waitFor();
  await page.getByText('Added', { exact: true }).waitFor();
}

/** The passage is marked, is what the document says, and is on the screen. */
async function expectHighlight(page: Page): Promise<void> {
  await page.locator('mark').waitFor();
  const marked = (await page.locator('mark').textContent()) ?? '';
  expect(marked).toContain(lighthouse.fact);
  expect(lighthouse.text).toContain(marked);
  await expect.poll(() => isInView(page, 'mark')).toBe(true);
}
