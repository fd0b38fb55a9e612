// The page by other hands: the keyboard alone, no script at all, the buttons of a test payment, a link that was withdrawn.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe } from 'node:test';
import { noBrowser, openBrowser, startShop, testUnless } from '../worker/harness.mjs';
import { makeLink, orderId, play } from '../worker/checkout.mjs';
import { startReceiver } from '../worker/receiver.mjs';
import { desktop, heading, newPage, scanned, shoot } from './page.mjs';

const [browser, plain] = await Promise.all([openBrowser(), openBrowser({ args: ['--blink-settings=scriptEnabled=false'] })]);
const test = testUnless(browser ? null : noBrowser);

describe('the pay page', { concurrency: 5 }, () => {
  let shop, site, seller;
  before(async () => {
    if (!browser) return;
    [shop, site] = await Promise.all([startShop({ assets: true, outbound: () => new Response('ok') }), startReceiver()]);
    site.answer = () => ({ headers: { 'content-type': 'text/html' }, body: '<link rel="icon" href="data:,"><h1>Thank you</h1>' });
    seller = await shop.admin.createAccount({ shop_name: 'Corner Books' });
  });
  after(async () => {
    await Promise.all([browser?.close(), plain?.close()]);
    await Promise.all([shop?.close(), site?.close()]);
  });

  async function visit(t, which, fields = {}, options = {}) {
    const link = await makeLink(seller, { return_url: `${site.origin}/thanks`, ...fields });
    const page = await newPage(which, shop.url, options);
    t.after(() => page.context().close());
    await page.goto(link.url);
    return { page, link, order: { orderId: orderId(link) } };
  }
  const read = async (order) => (await seller.api('GET', `/orders/${order.orderId}`)).body;

  /** Presses Tab until this has the focus; every stop on the way must be visible. */
  async function tabTo(page, name) {
    for (let presses = 0; presses < 25; presses += 1) {
      const focus = await page.evaluate(() => {
        const { activeElement: at } = document;
        const { outlineStyle, outlineWidth } = getComputedStyle(at);
        return { text: `${at.id} ${at.innerText ?? ''}`, ring: at === document.body || (outlineStyle !== 'none' && outlineWidth !== '0px') };
      });
      if (focus.text.includes(name)) {
        assert.ok(focus.ring, `${name} has the focus and doesn't show it`);
        return;
      }
      await page.keyboard.press('Tab');
    }
    throw new Error(`no Tab leads to "${name}"`);
  }

  test('can be gone through with the keyboard alone', async (t) => {
    const { page, order } = await visit(t, browser, { email: undefined });
    await tabTo(page, 'email');
    await page.keyboard.type('ada@example.com');
    await page.keyboard.press('Enter');
    await heading(page, 'Waiting for payment');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'state', 'the focus is on the news');
    await tabTo(page, 'copy-amount');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '0.0002');
    await tabTo(page, 'copy-address');
    await page.keyboard.press('Space');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), (await read(order)).crypto_address);
    await tabTo(page, 'wallet');
    await tabTo(page, 'details');
    await page.keyboard.press('Enter');
    assert.match(await page.locator('details').innerText(), new RegExp(order.orderId));
    await tabTo(page, 'Pay exactly');
    await page.keyboard.press('Enter');
    await heading(page, 'Payment seen');
    await tabTo(page, 'Next block');
    await page.keyboard.press('Enter');
    await heading(page, 'Payment complete');
    await tabTo(page, 'Stay here');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'back', 'the focus is not lost');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${site.origin}/**`);
    assert.deepEqual(page.record.complaints, []);
  });

  test('says its news to a screen reader', async (t) => {
    const { page, order } = await visit(t, browser);
    await heading(page, 'Waiting for payment');
    await play(seller).pay(order);
    await page.locator('#say', { hasText: 'Payment seen' }).waitFor();
    assert.equal(await page.locator('#say').getAttribute('role'), 'status');
    for (const image of await page.locator('svg:not([aria-hidden])').all()) assert.ok(await image.getAttribute('aria-label'));
  });

  test('plays a test payment by its buttons', async (t) => {
    const { page, order } = await visit(t, browser, {}, { viewport: desktop });
    const press = (name) => page.getByRole('button', { name }).click();
    await heading(page, 'Waiting for payment');
    await press('Pay a part');
    await heading(page, 'Send 0.0001 BTC more');
    await press('Pay the rest');
    await heading(page, 'Payment seen');
    await press('Double spend');
    await heading(page, 'Waiting for payment');
    await press('Pay too much');
    await heading(page, 'Payment seen');
    await press('Next block');
    await heading(page, 'Payment complete');
    const { status, crypto_received: received, crypto_value: value } = await read(order);
    assert.deepEqual([status, received > value], [100, true]);
    assert.equal(await page.locator('.simulate').count(), 0);
    assert.deepEqual(page.record.complaints, []);
  });

  test('has no such buttons, and takes no such orders, when the payment is a real one', async () => {
    const link = await makeLink(seller);
    const other = await shop.admin.createAccount({ test: false });
    const { status } = await other.api('POST', '/test/payments', { order_id: orderId(link), kind: 'exact' });
    assert.ok([403, 404].includes(status), `it answered ${status}`);
  });

  test('is closed when its seller withdraws it', async (t) => {
    const { page, link } = await visit(t, browser);
    await heading(page, 'Waiting for payment');
    assert.equal((await seller.api('DELETE', `/pay/${link.id}`)).status, 204);
    const answer = await page.goto(link.url);
    assert.equal(answer.status(), 410);
    await heading(page, 'This link is closed');
    assert.match(await page.locator('.state').innerText(), /If you have paid already, contact the seller/);
    assert.equal(await page.locator('form, .address').count(), 0, 'there is nothing to pay to');
  });

  test('closes in front of a buyer when its seller withdraws it', async (t) => {
    const link = await makeLink(seller);
    const page = await newPage(browser, shop.url);
    t.after(() => page.context().close());
    await page.routeWebSocket(/\/live$/, (socket) => socket.close()); // so that it asks every five seconds
    await page.goto(link.url);
    await heading(page, 'Waiting for payment');
    assert.equal((await seller.api('DELETE', `/pay/${link.id}`)).status, 204);
    await heading(page, 'This link is closed', 15);
    assert.equal(await page.locator('.address').count(), 0);
    assert.equal(await page.locator('#trouble').isVisible(), false);
  });

  test('says so when the connection is lost, and catches up by itself', async (t) => {
    const link = await makeLink(seller);
    const page = await newPage(browser, shop.url);
    t.after(() => page.context().close());
    await page.routeWebSocket(/\/live$/, (socket) => socket.close());
    await page.goto(link.url);
    await heading(page, 'Waiting for payment');
    await page.context().setOffline(true);
    await page.locator('#trouble:not([hidden])').waitFor({ timeout: 25_000 });
    assert.match(await page.locator('#trouble').innerText(), /No connection.*a payment you sent is not lost/);
    await shoot(page, 'trouble');
    await play(seller).pay({ orderId: orderId(link) });
    await page.context().setOffline(false);
    await heading(page, 'Payment seen');
    assert.equal(await page.locator('#trouble').isVisible(), false);
  });

  describe('without script', { concurrency: 3 }, () => {
    test('takes the buyer from the link to the shop, by buttons and links', async (t) => {
      const { page, order } = await visit(t, plain);
      await heading(page, 'Pay with Bitcoin');
      assert.equal((await seller.api('GET', `/orders/${order.orderId}`)).status, 404, 'nothing starts by itself');
      await page.locator('button', { hasText: 'Continue' }).click();
      await heading(page, 'Waiting for payment');
      assert.equal(await page.locator('[data-copy]:visible').count(), 0, 'buttons that only work with script are not there');
      const { crypto_address: address } = await read(order);
      assert.equal(await scanned(page), `bitcoin:${address}?amount=0.0002`);
      await shoot(page, 'without-script-waiting');
      await play(seller).pay(order);
      await page.locator('a', { hasText: 'Check for my payment' }).click();
      await heading(page, 'Payment seen');
      await shoot(page, 'without-script-confirming');
      await page.locator('.simulate button', { hasText: 'Next block' }).click();
      await heading(page, 'Payment complete');
      await page.waitForURL(`${site.origin}/**`);
      const { searchParams: given } = new URL(page.url());
      const signed = [given.get('order_id'), given.get('status'), given.get('timestamp')].join('.');
      assert.equal(given.get('signature'), createHmac('sha512', seller.webhook_secret).update(signed).digest('hex'));
    });

    test('looks again by itself every quarter of a minute', async (t) => {
      const { page, order } = await visit(t, plain);
      await page.locator('button', { hasText: 'Continue' }).click();
      await heading(page, 'Waiting for payment');
      await play(seller).pay(order);
      await heading(page, 'Payment seen', 20);
    });

    test('asks for an e-mail address, and says what is wrong with a bad one', async (t) => {
      const { page, order } = await visit(t, plain, { email: undefined });
      await page.locator('#email').fill('ada@example');
      await page.locator('button', { hasText: 'Continue' }).click();
      await page.locator('.alert', { hasText: "doesn't look like an e-mail address" }).waitFor();
      await page.locator('#email').fill('ada@example.com');
      await page.locator('button', { hasText: 'Continue' }).click();
      await heading(page, 'Waiting for payment');
      assert.equal((await read(order)).email, 'ada@example.com');
    });
  });
});
