/** A real browser that writes down everything a clean page would not do. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const places = [
  process.env.NEXUS_TEST_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where this machine keeps its Chromium; undefined when it has none. */
export const chromiumPath = places.find((place) => place !== undefined && existsSync(place));

/** The page under test is our own, and containers seldom allow the browser its sandbox. */
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath!, headless: true, args: quiet });
}

export type Complaints = { errors: string[]; foreignRequests: string[]; policyViolations: string[] };

/** A page in a profile of its own. `complaints` grows while it is used. */
export async function openPage(browser: Browser, origin: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const complaints: Complaints = { errors: [], foreignRequests: [], policyViolations: [] };
  await page.exposeFunction('reportViolation', (violation: string) => complaints.policyViolations.push(violation));
  await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
    window.reportViolation(event.violatedDirective + ' ' + event.blockedURI));`);
  page.on('console', (message) => message.type() === 'error' && complaints.errors.push(message.text()));
  page.on('pageerror', (error) => complaints.errors.push(error.message));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.foreignRequests.push(request.url());
  });
  return { page, complaints, close: () => context.close() };
}

/** True when the whole element is inside the window, not only somewhere in the document. */
export function isInView(page: Page, selector: string): Promise<boolean> {
  return page.locator(selector).evaluate((element) => {
    const { top, bottom, left, right } = element.getBoundingClientRect();
    const { innerHeight, innerWidth } = element.ownerDocument.defaultView!;
    return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
  });
}
