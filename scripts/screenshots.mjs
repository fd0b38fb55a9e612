// `npm run screenshots`: the pictures of the README, taken anew of the demo shop in a Chromium. tests/browser/screenshots.test.mjs tells
// when those in docs/images/ are not of this version any more.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from './build.mjs';
import { demoShop } from './demo.mjs';
import { serve } from './serve.mjs';
import { newKey } from './settings.mjs';
import { findChromium, setup } from './setup.mjs';
import { asCommand, Halt, root, say } from './shell.mjs';

export const folder = path.join(root, 'docs', 'images');
/** CSS pixels of a common phone. Each is two pixels of the picture. */
const phone = { width: 390, height: 760 };
/** Colours of a picture: pages have few, and its photos are small. */
const colours = 128;

/** → {shop, paid}, each as the bytes of a PNG. */
export async function takeScreenshots(executablePath) {
  const { chromium } = await import('playwright-core');
  const shop = await serve({ assets: true, env: settings, onLog() {} });
  let demo, browser;
  try {
    demo = await demoShop(shop.url, await account(shop.url));
    browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars'] });
    const context = await browser.newContext({ viewport: phone, deviceScaleFactor: 2, reducedMotion: 'reduce', locale: 'en-US', timezoneId: 'UTC', colorScheme: 'light' });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const shot = async () => smaller(await page.screenshot());
    await page.goto(shop.url + demo.path, { waitUntil: 'load' });
    await page.waitForFunction(() => [...document.images].every((image) => image.complete));
    const pictures = { shop: await shot() };
    await page.getByRole('link', { name: 'Licence key' }).click();
    await page.locator('#email').fill('buyer@example.com');
    await page.getByRole('button', { name: 'Buy now' }).click();
    const heading = (text) => page.locator('h1', { hasText: text }).waitFor();
    await heading('Waiting for payment');
    await page.getByRole('button', { name: 'Pay exactly' }).click();
    await heading('Payment seen');
    await page.getByRole('button', { name: 'Next block' }).click();
    await heading('Payment complete');
    await page.goto(`${page.url().split('?')[0]}?stay`);
    await page.getByText(/DEMO-\d+/).first().waitFor();
    pictures.paid = await shot();
    return pictures;
  } finally {
    await browser?.close();
    demo?.close();
    await shop.close();
  }
}

const token = 'screenshots';
const settings = (url) => ({ ADMIN_TOKEN: token, TOKEN_KEYS: newKey('s'), VAULT_KEY: newKey('s'), PUBLIC_URL: url, ALLOW_INSECURE_URLS: '1' });

async function account(url) {
  const answer = await fetch(`${url}/admin/accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'demo@example.com', shop_name: 'Demo shop', test: true }),
  });
  if (answer.status !== 201) throw new Halt(`No account for the pictures: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** With a palette, which takes a third of the bytes. */
async function smaller(png) {
  const { default: sharp } = await import('sharp');
  return sharp(png).png({ palette: true, colours, effort: 10, compressionLevel: 9 }).toBuffer();
}

await asCommand(import.meta, async () => {
  await setup({ tests: true });
  await build();
  const chromium = await findChromium();
  if (!chromium) throw new Halt('There is no Chromium to take pictures with: set CHROMIUM to the path of one.');
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(await takeScreenshots(chromium))) {
    await writeFile(path.join(folder, `${name}.png`), bytes);
    say(`docs/images/${name}.png: ${Math.round(bytes.length / 1000)} kB`);
  }
});
