// A buyer's browser, and what it did: every request, every message on a WebSocket, every complaint.
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import jsQR from 'jsqr';
import { PNG } from 'pngjs';

const shots = fileURLToPath(new URL('.shots', import.meta.url));

export const phone = { width: 360, height: 740 };
export const desktop = { width: 1280, height: 800 };

/**
 * A tab of its own, with cookies and clipboard of its own → Playwright's page, and beside it
 * `record`: {requests: [url], loads: [url] (of whole pages), heard: [message], complaints: [text]}.
 */
export async function newPage(browser, origin, options = {}) {
  const context = await browser.newContext({ viewport: phone, reducedMotion: 'reduce', ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const record = { requests: [], loads: [], heard: [], complaints: [], expected: [] };
  page.on('request', (request) => {
    record.requests.push(request.url());
    if (request.isNavigationRequest() && request.frame() === page.mainFrame() && !request.redirectedFrom()) record.loads.push(request.url());
  });
  page.on('websocket', (socket) => {
    record.requests.push(socket.url());
    socket.on('framereceived', ({ payload }) => record.heard.push(payload));
  });
  page.on('pageerror', (error) => record.complaints.push(error.message));
  // Content-Security-Policy violations are said here as well.
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) record.complaints.push(message.text());
  });
  return Object.assign(page, { record });
}

/** The heading, once it reads so. */
export const heading = (page, text, seconds = 10) => page.locator('h1', { hasText: text }).waitFor({ timeout: seconds * 1000 });

export const amountShown = async (page) => (await page.locator('.amount').innerText()).replace(/\s*BTC$/, '');
export const addressShown = async (page) => (await page.locator('.field .address').innerText()).replace(/\s/g, '');

/** What a phone's camera reads off the screen. */
export async function scanned(page) {
  const { width, height, data } = PNG.sync.read(await page.locator('.qr').screenshot());
  return jsQR(new Uint8ClampedArray(data), width, height)?.data;
}

export async function shoot(page, name) {
  await mkdir(shots, { recursive: true });
  // The reference is a long page: a busy machine takes its time to draw it.
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true, timeout: 120_000 });
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on the page as it stands: a line for each element, best practices included. */
export async function findings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.replaceAll('\n', ' ')}`));
}

/** Call it before the page is loaded; then `await page.evaluate(() => shifted())` is how far its content has jumped (CLS, all shifts summed). */
export const watchShifts = (page) =>
  page.addInitScript(() => {
    const shifts = [];
    const observer = new PerformanceObserver((list) => shifts.push(...list.getEntries()));
    observer.observe({ type: 'layout-shift', buffered: true });
    window.shifted = () => (shifts.push(...observer.takeRecords()), shifts.reduce((sum, { value }) => sum + value, 0));
  });

/** How far the page reaches past the right edge of the window, and what does: an empty text if nothing. */
export const overflow = (page) =>
  page.evaluate(() => {
    const edge = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= edge) return '';
    const wide = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > edge + 0.5);
    return `${document.documentElement.scrollWidth} > ${edge}: ${wide.map((element) => element.className || element.tagName).join(', ')}`;
  });
