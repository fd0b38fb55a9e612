// The pay page in a real browser, with a buyer who pays.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe } from 'node:test';
import { noBrowser, openBrowser, startShop, testUnless, until } from '../worker/harness.mjs';
import { makeLink, orderId, play } from '../worker/checkout.mjs';
import { startReceiver } from '../worker/receiver.mjs';
import { addressShown, amountShown, heading, newPage, scanned } from './page.mjs';

const browser = await openBrowser();
const test = testUnless(browser ? null : noBrowser);

describe('the pay page', { concurrency: 4 }, () => {
  let shop, site;

  before(async () => {
    if (!browser) return;
    [shop, site] = await Promise.all([startShop({ assets: true, outbound: () => new Response('ok') }), startReceiver()]);
    site.answer = () => ({ headers: { 'content-type': 'text/html' }, body: '<title>Thanks</title><link rel="icon" href="data:,"><h1>Thank you</h1>' });
  });
  after(async () => {
    await browser?.close();
    await Promise.all([shop?.close(), site?.close()]);
  });

  /** A seller, a link, and a buyer's tab, which will go there. Whatever comes of it, the page loads nothing from elsewhere, and has nothing to complain of. */
  async function visit(t, fields = {}) {
    const seller = await shop.admin.createAccount({ shop_name: 'Corner Books' });
    const link = await makeLink(seller, { title: 'A good book', return_url: `${site.origin}/thanks?from=us`, ...fields });
    const id = orderId(link);
    const page = await newPage(browser, shop.url);
    t.after(async () => {
      const { requests, complaints, expected } = page.record;
      await page.context().close();
      const friends = [shop.url, shop.url.replace('http', 'ws'), site.origin];
      assert.deepEqual(requests.filter((url) => !url.startsWith('data:') && !friends.includes(new URL(url).origin)), [], 'requests to another origin');
      assert.deepEqual(complaints.filter((text) => !expected.some((pattern) => pattern.test(text))), [], 'complaints of the browser');
    });
    const { pay, mine, doubleSpend } = play(seller);
    return {
      page,
      link,
      id,
      seller,
      read: async () => (await seller.api('GET', `/orders/${id}`)).body,
      pay: (kind, more) => pay({ orderId: id }, kind, more),
      mine: () => mine(1, { orderId: id }),
      doubleSpend: () => doubleSpend({ orderId: id }),
      expire: (milliseconds) => shop.db.prepare('UPDATE orders SET quote_expires_at = ?1 WHERE id = ?2').bind(Date.now() + milliseconds, id).run(),
      /** The address at which the buyer came back to the shop is the seller's, with what he may believe. */
      returned() {
        const { origin, searchParams: given } = new URL(page.url());
        assert.deepEqual([origin, given.get('from')], [site.origin, 'us'], 'the shop’s own parameters stay');
        assert.deepEqual([given.get('order_id'), given.get('status')], [id, '100']);
        assert.ok(Math.abs(Number(given.get('timestamp')) - Date.now() / 1000) < 60);
        const signed = `${id}.100.${given.get('timestamp')}`;
        assert.equal(given.get('signature'), createHmac('sha512', seller.webhook_secret).update(signed).digest('hex'));
      },
    };
  }

  async function open(t, fields) {
    const visited = await visit(t, fields);
    await visited.page.goto(visited.link.url);
    await heading(visited.page, 'Waiting for payment');
    return visited;
  }

  test('starts by itself, and asks for what the order asks for', async (t) => {
    const { page, link, id, seller, read } = await open(t);
    const { crypto_address: address, crypto_value: value, status } = await read();
    assert.equal(status, 0);
    assert.equal(await addressShown(page), address);
    assert.equal(await amountShown(page), '0.0002');
    assert.equal(value, 20_000);
    assert.equal(await page.title(), 'Pay 10.00 USD · Corner Books');
    assert.match(await page.locator('.summary').innerText(), /A good book\s+10\.00 USD/);
    assert.match(await page.locator('header').innerText(), /Test payment/);
    assert.equal(new URL(page.url()).pathname, `${link.path}/order`, 'a reload shows the order again');
    await page.reload();
    await heading(page, 'Waiting for payment');
    assert.equal((await seller.api('GET', '/orders')).body.filter(({ id }) => id === id).length, 1);
  });

  test('has a QR code that a camera reads as the same payment', async (t) => {
    const { page, read } = await open(t);
    const { crypto_address: address } = await read();
    const code = await scanned(page);
    assert.equal(code, `bitcoin:${address}?amount=${await amountShown(page)}`);
    assert.equal(await page.locator('#wallet').getAttribute('href'), code);
  });

  test('copies the amount and the address', async (t) => {
    const { page, read } = await open(t);
    const { crypto_address: address } = await read();
    for (const [button, text] of [['#copy-amount', '0.0002'], ['#copy-address', address]]) {
      await page.locator(button).click();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
      assert.equal(await page.locator('#say').innerText(), 'Copied');
      assert.equal(await page.locator(`${button} .flip span:last-child`).evaluate((face) => getComputedStyle(face).visibility), 'visible');
    }
  });

  test('counts down the server’s seconds', async (t) => {
    const { page } = await open(t);
    const left = async () => (await page.locator('.clock').innerText()).split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
    const first = await left();
    assert.ok(first > 1190 && first <= 1200, `${first} s at first`);
    await new Promise((resolve) => setTimeout(resolve, 3200));
    const gone = first - (await left());
    assert.ok(gone >= 2 && gone <= 4, `${gone} s went by in 3.2 s`);
  });

  test('turns to seen and to paid without a reload, told by its WebSocket, and goes back to the shop', async (t) => {
    const { page, pay, mine, returned } = await open(t);
    await until('the socket', () => page.record.requests.some((url) => url.startsWith('ws:')));
    await page.evaluate(() => (window.untouched = true));
    const loads = page.record.loads.length;
    const polls = () => page.record.requests.filter((url) => url.endsWith('/order')).length;
    await new Promise((resolve) => setTimeout(resolve, 700)); // it asks once when the socket opens
    const asked = polls();

    await pay();
    await heading(page, 'Payment seen', 4);
    assert.match(await page.locator('.meter').innerText(), /0 of 1/);
    assert.equal(await page.title(), 'Payment seen · Corner Books');
    await mine();
    await heading(page, 'Payment complete', 4);
    assert.match(await page.locator('.state').innerText(), /Corner Books has received 0\.0002 BTC/);
    assert.deepEqual(page.record.heard.filter((message) => message === 'changed'), ['changed', 'changed']);
    assert.equal(polls() - asked, 2, 'it asked only when it was told to');
    assert.equal(page.record.loads.length, loads, 'no page was loaded');
    assert.equal(await page.evaluate(() => window.untouched), true);

    await page.waitForURL(`${site.origin}/**`);
    returned();
    await page.goBack();
    await heading(page, 'Payment complete');
    assert.equal(await page.locator('#leaving').count(), 0, 'who comes back is not sent away again');
  });

  test('turns to paid by asking, where WebSockets are blocked', async (t) => {
    const { page, link, pay, mine } = await visit(t);
    await page.routeWebSocket(/\/live$/, (socket) => socket.close());
    await page.goto(link.url);
    await heading(page, 'Waiting for payment');
    const loads = page.record.loads.length;
    await pay();
    await heading(page, 'Payment seen', 8);
    await mine();
    await heading(page, 'Payment complete', 8);
    assert.equal(page.record.loads.length, loads);
    assert.deepEqual(page.record.heard, []);
    assert.equal(await page.locator('#trouble').isVisible(), false);
  });

  test('lets the buyer stay', async (t) => {
    const { page, pay, returned } = await open(t);
    await pay('over', { confirmations: 1 });
    await heading(page, 'Payment complete');
    assert.match(await page.locator('.alert').innerText(), /You sent 0\.00002001 BTC too much/);
    await page.getByRole('button', { name: 'Stay here' }).click();
    await new Promise((resolve) => setTimeout(resolve, 6000));
    assert.ok(page.url().startsWith(shop.url));
    await page.locator('#back').click();
    await page.waitForURL(`${site.origin}/**`);
    returned();
  });

  test('after a part of the money, asks for the rest with a new code', async (t) => {
    const { page, pay, mine } = await open(t);
    const before = await scanned(page);
    await pay('partial');
    await heading(page, 'Send 0.0001 BTC more');
    assert.match(await page.locator('.alert').innerText(), /0\.0001 BTC has arrived and is being confirmed/);
    assert.equal(await amountShown(page), '0.0001');
    const code = await scanned(page);
    assert.notEqual(code, before);
    assert.equal(code, `bitcoin:${await addressShown(page)}?amount=0.0001`);
    assert.equal(await page.locator('#copy-amount').getAttribute('data-copy'), '0.0001');
    await pay();
    await heading(page, 'Payment seen');
    await mine();
    await heading(page, 'Payment complete');
  });

  test('asks for an e-mail address when the seller gave none, and says what is wrong with a bad one', async (t) => {
    const { page, link, id, seller, read } = await visit(t, { email: undefined });
    page.record.expected.push(/422 \(/); // Chromium notes the refused form
    await page.goto(link.url);
    await heading(page, 'Pay with Bitcoin');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal((await seller.api('GET', `/orders/${id}`)).status, 404, 'nothing starts by itself');
    await page.getByLabel('E-mail').fill('ada@example'); // which a browser accepts
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('alert').filter({ hasText: 'doesn’t look like an e-mail address'.replace('’', "'") }).waitFor();
    assert.equal(await page.getByLabel('E-mail').getAttribute('aria-invalid'), 'true');
    await page.getByLabel('E-mail').fill('ada@example.com');
    await page.getByRole('button', { name: 'Continue' }).click();
    await heading(page, 'Waiting for payment');
    assert.equal((await read()).email, 'ada@example.com');
  });

  test('says when its price has run out, and gets a new one', async (t) => {
    const { page, expire } = await open(t);
    await expire(2000);
    await page.reload();
    await heading(page, 'This price has expired', 12);
    assert.match(await page.locator('.alert').innerText(), /Already sent\?/);
    await page.getByRole('button', { name: 'Get a new price' }).click();
    await heading(page, 'Waiting for payment');
    assert.match(await page.locator('.clock').innerText(), /^(20:00|19:5\d)$/);
    assert.equal(await scanned(page), `bitcoin:${await addressShown(page)}?amount=0.0002`);
  });

  test('notices money that comes after its price has run out', async (t) => {
    const { page, pay, expire } = await open(t);
    await expire(-600_000);
    await page.reload();
    await heading(page, 'This price has expired');
    await pay('exact', { confirmations: 1 });
    await heading(page, 'Payment complete');
    assert.match(await page.locator('.alert').innerText(), /came after the price had expired/);
  });

  test('takes money that was on its way when the price ran out as if it had come in time', async (t) => {
    const { page, pay, expire } = await open(t);
    await expire(-1000);
    await page.reload();
    await heading(page, 'This price has expired');
    await pay('exact', { confirmations: 1 });
    await heading(page, 'Payment complete');
    assert.equal(await page.locator('.alert').count(), 0);
  });

  test('goes back to waiting when the money is taken away again', async (t) => {
    const { page, pay, doubleSpend } = await open(t);
    await pay();
    await heading(page, 'Payment seen');
    await doubleSpend();
    await heading(page, 'Waiting for payment');
    assert.equal(await scanned(page), `bitcoin:${await addressShown(page)}?amount=0.0002`);
  });
});
