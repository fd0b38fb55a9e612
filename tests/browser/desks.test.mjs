// The ways of paying that lead to another site, and ether, in a real browser: from the link to the end, with pictures of each step.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { noBrowser, openBrowser, startShop, testUnless } from '../worker/harness.mjs';
import { makeLink, openOrder, orderId, play } from '../worker/checkout.mjs';
import { ipnOf, sellerEmail, startPayPal } from '../worker/paypal.mjs';
import { startStripe } from '../worker/stripe.mjs';
import { addressShown, desktop, heading, newPage, overflow, phone, scanned, shoot } from './page.mjs';

const browser = await openBrowser();
const test = testUnless(browser ? null : noBrowser);

describe('a buyer who pays elsewhere', () => {
  let shop, stripe, paypal, seller;
  before(async () => {
    if (!browser) return;
    [stripe, paypal] = await Promise.all([startStripe(), startPayPal()]);
    shop = await startShop({ assets: true, outbound: 'network', settings: { STRIPE_API_URL: stripe.url, ...paypal.settings } });
    seller = await shop.admin.createAccount({ shop_name: 'Corner Books & Antiques' });
    const gateways = { stripe: { secret_key: stripe.key, webhook_secret: stripe.secret }, paypal: { email: sellerEmail } };
    const answer = await seller.api('PUT', '/account', { gateways });
    assert.equal(answer.status, 200, answer.text);
  });
  after(() => Promise.all([browser?.close(), shop?.close(), stripe?.close(), paypal?.close()]));

  /** On a phone and on a desk, in light and dark: nothing reaches past the edge. */
  async function looks(page, name) {
    // The return to the shop must not come between.
    const stay = page.getByRole('button', { name: 'Stay here' });
    if (await stay.count()) await stay.click();
    for (const [width, viewport] of Object.entries({ phone, desktop })) {
      await page.setViewportSize(viewport);
      assert.equal(await overflow(page), '', `${name} at ${viewport.width} px`);
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await shoot(page, `${name}-${width}-${colorScheme}`);
      }
    }
    await page.setViewportSize(phone);
  }

  async function on(gateway, fields = {}) {
    const link = await makeLink(seller, { gateway, title: 'Sämtliche Werke, gebunden', value: '24.90', quantity: 2, return_url: `${shop.url}/nowhere`, ...fields });
    const page = await newPage(browser, shop.url);
    // PayPal's own page: only its address is of interest here.
    await page.route(`${paypal.origin}/**`, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>PayPal</h1>' }));
    await page.goto(link.url);
    return { link, id: orderId(link), page };
  }

  test('with a card at Stripe: there, back without having paid, there again, and paid', async () => {
    const { id, page } = await on('Stripe', { email: undefined });
    await heading(page, 'Pay by card');
    await looks(page, 'stripe-start');
    await page.getByRole('textbox').fill('buyer@example.com');
    await page.getByRole('button', { name: /Continue/ }).click();
    await page.waitForURL(`${stripe.url}/c/pay/**`);
    const session = stripe.sessionOf(id);
    await page.goto(session.cancel_url);
    await looks(page, 'stripe-away');
    // Nobody pays by card within five seconds, and no page has Stripe asked more often.
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    await page.getByRole('link', { name: /Stripe/ }).click();
    await page.waitForURL(`${stripe.url}/c/pay/**`);
    stripe.pay(id);
    await page.goto(session.success_url);
    await heading(page, 'Payment complete');
    await looks(page, 'stripe-paid');
    await page.context().close();
  });

  test('through PayPal’s button: back at once, pending for a while, and the open page says when it is paid', async () => {
    const { link, id, page } = await on('PayPal');
    await page.waitForURL(`${paypal.origin}/cgi-bin/webscr**`);
    const button = page.url();
    await page.goto(new URL(button).searchParams.get('return'));
    await heading(page, 'Waiting for PayPal');
    await new Promise((resolve) => setTimeout(resolve, 7000)); // the script asks for news meanwhile
    await looks(page, 'paypal-back');
    assert.equal(await page.locator('h1').innerText(), 'Waiting for PayPal', 'nobody who has paid is sent to pay again');
    const { notify_url: notify } = Object.fromEntries(new URL(button).searchParams);
    assert.equal((await paypal.ipn(notify, ipnOf(button, { payment_status: 'Pending', pending_reason: 'echeck' }))).status, 200);
    await heading(page, 'Payment pending', 20);
    await looks(page, 'paypal-pending');
    assert.equal((await paypal.ipn(notify, ipnOf(button))).status, 200);
    await heading(page, 'Payment complete', 20);
    await looks(page, 'paypal-paid');
    assert.equal((await seller.api('GET', `/orders/${id}`)).body.status, 100);
    assert.ok(link.url);
    await page.context().close();
  });

  test('through a button that somebody changed: the page says what is missing, and who can help', async () => {
    const { page } = await on('PayPal');
    await page.waitForURL(`${paypal.origin}/cgi-bin/webscr**`);
    const fields = Object.fromEntries(new URL(page.url()).searchParams);
    assert.equal((await paypal.ipn(fields.notify_url, ipnOf(page.url(), { mc_gross: '9.90', txn_id: '71E67681CH3238417' }))).status, 200);
    await page.goto(fields.return);
    await heading(page, 'A part has arrived', 20);
    await looks(page, 'paypal-part');
    await page.context().close();
  });

  test('ether: what a wallet reads off the page is the address, the chain and the sum', async () => {
    const order = await openOrder(shop, seller, { gateway: 'Ethereum', value: '24.90', return_url: `${shop.url}/nowhere` });
    const { crypto_address: address, crypto_value: value } = await order.order();
    const page = await newPage(browser, shop.url);
    await page.goto(`${order.url}/order`);
    await heading(page, 'Waiting for payment');
    assert.equal(await addressShown(page), address);
    assert.equal(await scanned(page), `ethereum:${address}@11155111?value=${BigInt(value) * 10_000_000_000n}`);
    await looks(page, 'ether-waiting');
    await play(seller).pay(order, 'exact', { confirmations: 12 });
    await heading(page, 'Payment complete');
    await looks(page, 'ether-paid');
    await page.context().close();
  });
});
