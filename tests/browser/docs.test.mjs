// The reference page, in a browser: nothing is refused by its own policy, and it fits a phone.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { noBrowser, openBrowser, startShop, testUnless } from '../worker/harness.mjs';
import { desktop, findings, newPage, overflow, phone, shoot } from './page.mjs';

const browser = await openBrowser();
const test = testUnless(browser ? null : noBrowser);
let shop;
before(async () => (shop = browser && (await startShop({ assets: true }))));
after(async () => {
  await browser?.close();
  await shop?.close();
});

for (const [name, viewport] of Object.entries({ phone, desktop })) {
  test(`the reference fits a ${name}, and loads nothing but itself`, async () => {
    for (const colorScheme of ['light', 'dark']) {
      const page = await newPage(browser, shop.url, { viewport, colorScheme });
      await page.goto(`${shop.url}/docs`);
      assert.equal(await overflow(page), '');
      assert.deepEqual(page.record.requests.filter((url) => !url.startsWith('data:')), [`${shop.url}/docs`]);
      assert.deepEqual(page.record.complaints, []);
      await shoot(page, `docs-${name}-${colorScheme}`);
      assert.deepEqual(await findings(page), []);
      await page.goto(`${shop.url}/docs/webhooks`);
      assert.deepEqual(await findings(page), []);
      await page.context().close();
    }
  });
}

test('the examples are this shop’s own, and can be copied', async () => {
  const page = await newPage(browser, shop.url, { viewport: desktop });
  await page.goto(`${shop.url}/docs#pay_create`);
  await page.locator('#pay_create .copy').first().click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(copied.startsWith(`curl ${shop.url}/api/v2/pay \\\n`), copied);
  assert.equal(await page.locator('.side a[aria-current]').getAttribute('href'), '#pay_create');
  await page.context().close();
});

test('on a phone the contents open, lead to an operation and close', async () => {
  const page = await newPage(browser, shop.url, { viewport: phone });
  await page.goto(`${shop.url}/docs`);
  await page.locator('.menu summary').click();
  await page.locator('.menu a[href="#blacklist_create"]').click();
  assert.equal(await page.locator('.menu').getAttribute('open'), null);
  assert.ok((await page.locator('#blacklist_create h3').boundingBox()).y < phone.height);
  await page.context().close();
});
