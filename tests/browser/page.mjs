// A buyer's browser, and what it did: every request, every message on a WebSocket, every complaint.
import { mkdir } from 'node:fs/promises';
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
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
}

/** How far the page reaches past the right edge of the window, and what does: an empty text if nothing. */
export const overflow = (page) =>
  page.evaluate(() => {
    const edge = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= edge) return '';
    const wide = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > edge + 0.5);
    return `${document.documentElement.scrollWidth} > ${edge}: ${wide.map((element) => element.className || element.tagName).join(', ')}`;
  });
