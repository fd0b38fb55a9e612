// A payment link of several gateways: by finger, by keyboard and without script, on a phone.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { noBrowser, openBrowser, startShop, testUnless } from '../worker/harness.mjs';
import { makeLink, orderId } from '../worker/checkout.mjs';
import { desktop, findings, heading, newPage, overflow, phone, shoot, watchShifts } from './page.mjs';

const [browser, plain] = await Promise.all([openBrowser(), openBrowser({ args: ['--blink-settings=scriptEnabled=false'] })]);
const test = testUnless(browser ? null : noBrowser);
const paypal = 'https://www.sandbox.paypal.com';

describe('a link of several gateways', { concurrency: 3 }, () => {
  let shop, seller;
  before(async () => {
    if (!browser) return;
    shop = await startShop({ assets: true, outbound: () => new Response('ok') });
    seller = await shop.admin.createAccount({ shop_name: 'Corner Books' });
    await seller.api('PUT', '/account', { gateways: { paypal: { email: 'money@ada.example' } } });
  });
  after(async () => {
    await Promise.all([browser?.close(), plain?.close()]);
    await shop?.close();
  });

  async function visit(t, which, fields = {}, options = {}) {
    const link = await makeLink(seller, { gateway: ['Bitcoin', 'PayPal', 'Ethereum'], return_url: `${shop.url}/nowhere`, ...fields });
    const page = await newPage(which, shop.url, options);
    page.record.expected.push(/Failed to load resource.*status of 422/);
    // PayPal itself is not asked.
    await page.route(`${paypal}/**`, (route) => route.fulfill({ contentType: 'text/html', body: '<link rel="icon" href="data:,"><h1>PayPal</h1>' }));
    t.after(() => page.context().close());
    await watchShifts(page);
    await page.goto(link.url);
    await heading(page, 'Choose how to pay');
    return { page, link, order: async () => (await seller.api('GET', `/orders/${orderId(link)}`)).body };
  }
  const complaints = ({ record }) => record.complaints.filter((text) => !record.expected.some((pattern) => pattern.test(text)));
  const checked = (page) => page.locator('input[type=radio]:checked').getAttribute('value');

  test('fits on a phone and on a desk, in light and dark, and stands still', async (t) => {
    const { page } = await visit(t, browser, { title: 'The complete works of somebody', email: undefined });
    assert.ok((await page.evaluate(() => window.shifted())) < 0.02);
    for (const [name, viewport] of Object.entries({ phone, desktop, small: { width: 320, height: 600 } })) {
      await page.setViewportSize(viewport);
      assert.equal(await overflow(page), '', `at ${viewport.width} px`);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await shoot(page, `choice-${name}-${colorScheme}`);
        assert.deepEqual(await findings(page), []);
      }
    }
    assert.deepEqual(complaints(page), []);
  });

  test('is chosen from with a finger: the whole box can be touched', async (t) => {
    const { page, order } = await visit(t, browser, {}, { hasTouch: true });
    assert.equal(await checked(page), 'bitcoin', 'the first is chosen');
    const box = await page.locator('.choice', { hasText: 'Ethereum' }).boundingBox();
    assert.ok(box.height >= 44, `${box.height} px`);
    await page.touchscreen.tap(box.x + box.width - 8, box.y + box.height - 8);
    assert.equal(await checked(page), 'ethereum');
    await page.getByRole('button', { name: 'Continue' }).tap();
    await heading(page, 'Waiting for payment');
    assert.equal((await order()).gateway, 'Ethereum');
    assert.deepEqual(complaints(page), []);
  });

  test('is chosen from with the keyboard, and says to a screen reader what comes next', async (t) => {
    const { page, order } = await visit(t, browser);
    const radio = page.getByRole('radio', { name: 'PayPal', exact: true });
    assert.equal(await radio.getAttribute('aria-describedby').then((id) => page.locator(`#${id}`).innerText()), 'You pay at PayPal and come back here.');
    for (let presses = 0; presses < 10 && (await page.evaluate(() => document.activeElement.type)) !== 'radio'; presses += 1) await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.value), 'bitcoin');
    const ring = () => page.evaluate(() => getComputedStyle(document.activeElement.closest('.choice')).outlineStyle);
    assert.notEqual(await ring(), 'none', 'the focus can be seen');
    await page.keyboard.press('ArrowDown');
    assert.equal(await checked(page), 'paypal');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${paypal}/**`);
    assert.equal((await order()).gateway, 'PayPal');
  });

  test('is chosen from without script, and what is wrong stands at the field', async (t) => {
    const { page, order } = await visit(t, plain, { email: undefined });
    await page.getByRole('radio', { name: 'Ethereum' }).check();
    await page.locator('#email').fill('ada@example');
    await page.locator('button', { hasText: 'Continue' }).click();
    await page.locator('.alert', { hasText: "doesn't look like an e-mail address" }).waitFor();
    assert.equal(await checked(page), 'ethereum', 'what was chosen stays');
    await page.locator('#email').fill('ada@example.com');
    await page.locator('button', { hasText: 'Continue' }).click();
    await heading(page, 'Waiting for payment');
    assert.equal((await order()).gateway, 'Ethereum');
  });

  test('that the seller takes away is named, and another one works', async (t) => {
    const other = await shop.admin.createAccount({ shop_name: 'Corner Books' });
    await other.api('PUT', '/account', { gateways: { paypal: { email: 'money@eve.example' } } });
    const link = await makeLink(other, { gateway: ['PayPal', 'Bitcoin'], return_url: `${shop.url}/nowhere` });
    const page = await newPage(browser, shop.url);
    page.record.expected.push(/Failed to load resource.*status of 422/);
    t.after(() => page.context().close());
    await page.goto(link.url);
    assert.equal((await other.api('PUT', '/account', { gateways: { paypal: null } })).status, 200);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('#gateway-problem', { hasText: "PayPal isn't set up for this shop yet." }).waitFor();
    assert.equal(await page.getByRole('radio', { name: 'PayPal' }).isDisabled(), true);
    assert.equal(await checked(page), 'bitcoin');
    assert.deepEqual(await findings(page), []);
    await shoot(page, 'choice-removed-phone');
    await page.getByRole('button', { name: 'Continue' }).click();
    await heading(page, 'Waiting for payment');
    assert.deepEqual(complaints(page), []);
  });

  test('in two tabs becomes one order: that of the first', async (t) => {
    const { page, link, order } = await visit(t, browser);
    const second = await newPage(browser, shop.url);
    t.after(() => second.context().close());
    await second.goto(link.url);
    await page.getByRole('button', { name: 'Continue' }).click();
    await heading(page, 'Waiting for payment');
    await second.getByRole('radio', { name: 'Ethereum' }).check();
    await second.getByRole('button', { name: 'Continue' }).click();
    await heading(second, 'Waiting for payment');
    const { gateway, crypto_address: address } = await order();
    assert.equal(gateway, 'Bitcoin');
    for (const tab of [page, second]) assert.equal((await tab.locator('.field .address').innerText()).replace(/\s/g, ''), address);
    await page.goto(link.url);
    await heading(page, 'Waiting for payment');
  });
});
