// How the pages look and weigh: every state, light and dark, on a phone and on a desk. The pictures are kept in .shots.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { gzipSync } from 'node:zlib';
import { noBrowser, openBrowser, startShop, testUnless } from '../worker/harness.mjs';
import { makeLink, openOrder, orderId, play } from '../worker/checkout.mjs';
import { desktop, findings, heading, newPage, overflow, phone, shoot, watchShifts } from './page.mjs';

const browser = await openBrowser();
const test = testUnless(browser ? null : noBrowser);
const small = { width: 320, height: 600 };

describe('every page', () => {
  let shop, seller;
  before(async () => {
    if (!browser) return;
    shop = await startShop({ assets: true, outbound: () => new Response('ok') });
    seller = await shop.admin.createAccount({ shop_name: 'Corner Books & Antiques' });
    await seller.api('PUT', '/account', { contact_email: 'help@cornerbooks.example', contact_url: 'https://cornerbooks.example/help/with/an/order' });
  });
  after(async () => {
    await browser?.close();
    await shop?.close();
  });

  const title = 'The complete works of somebody with a Donaudampfschifffahrtselektrizitätenhauptbetriebswerk in it';
  const made = (fields) => makeLink(seller, { title, quantity: 3, value: '1234.56', ...fields });
  const opened = (fields) => openOrder(shop, seller, { title, quantity: 3, value: '1234.56', return_url: `${shop.url}/nowhere`, ...fields });
  const expire = ({ orderId: id }) => shop.db.prepare('UPDATE orders SET quote_expires_at = 1 WHERE id = ?1').bind(id).run();
  const setStatus = (code, { orderId: id }) => shop.db.prepare('UPDATE orders SET status = ?1, revision = revision + 1 WHERE id = ?2').bind(code, id).run();
  /** The order is paid at PayPal, where its page has ended or declined a payment (`session_state`). */
  const away = ({ orderId: id }, state) =>
    shop.db.prepare("UPDATE orders SET gateway = 'paypal', session_id = '5O1', session_url = 'https://www.paypal.com/checkoutnow', session_state = ?1, session_expires_at = ?2 WHERE id = ?3").bind(state, state ? null : 1, id).run();
  const at = (link, prepare = () => {}) => async () => {
    const order = await link();
    await prepare(order);
    return `${order.path}/order`;
  };

  // Name, heading, and how to come there → path.
  const states = [
    ['email', 'Pay with Bitcoin', async () => (await made({ email: undefined })).path],
    ['waiting', 'Waiting for payment', at(opened)],
    ['partial', /Send .* BTC more/, at(opened, (order) => play(seller).pay(order, 'partial'))],
    ['confirming', 'Payment seen', at(() => opened({ confirmations: 3 }), (order) => play(seller).pay(order, 'exact', { confirmations: 1 }))],
    ['paid', 'Payment complete', at(opened, (order) => play(seller).pay(order, 'over', { confirmations: 1 }))],
    ['expired', 'This price has expired', at(opened, expire)],
    ['expired-partial', /Send .* BTC more/, at(opened, async (order) => (await play(seller).pay(order, 'partial'), await expire(order)))],
    ['late', 'Payment complete', at(opened, async (order) => play(seller).pay(order, 'late', { confirmations: 1 }))],
    ['reversed', 'Payment reversed', at(opened, async (order) => (await setStatus(51, order), shop.db.prepare("UPDATE orders SET session_id = '', session_url = '' WHERE id = ?1").bind(order.orderId).run()))],
    ['ending', 'Waiting for payment', at(opened, ({ orderId: id }) => shop.db.prepare('UPDATE orders SET quote_expires_at = ?2 WHERE id = ?1').bind(id, Date.now() + 100_000).run())],
    ['review', 'Payment in review', at(opened, async (order) => (await play(seller).pay(order, 'exact', { confirmations: 1 }), await setStatus(52, order)))],
    ['vanished', 'Payment vanished', at(opened, (order) => setStatus(51, order))],
    ['declined', 'PayPal declined this payment', at(opened, (order) => away(order, 1))],
    ['declined-for-good', 'PayPal declined this payment', at(opened, (order) => away(order, 2))],
    ['ended', 'Your time at PayPal is over', at(opened, (order) => away(order, 0))],
    ['refunded', 'Payment refunded', at(opened, (order) => setStatus(56, order))],
    ['destroyed', 'This link is closed', async () => {
      const link = await made();
      assert.equal((await seller.api('DELETE', `/pay/${link.id}`)).status, 204);
      return link.path;
    }],
    ['not-found', 'No such payment link', async () => `/pay/${'0'.repeat(40)}/x`],
  ];

  for (const [name, title, come] of states) {
    test(`"${name}" fits on a phone and on a desk, in light and dark`, async () => {
      const page = await newPage(browser, shop.url);
      page.record.expected.push(/Failed to load resource.*status of 4(04|10)/);
      await page.goto(new URL(await come(), shop.url).href);
      await heading(page, title);
      // The return to the shop must not come between.
      const stay = page.getByRole('button', { name: 'Stay here' });
      if (await stay.count()) await shoot(page, `${name}-with-return`).then(() => stay.click());
      for (const [width, viewport] of Object.entries({ phone, desktop, small })) {
        await page.setViewportSize(viewport);
        assert.equal(await overflow(page), '', `${name} at ${viewport.width} px`);
        for (const colorScheme of width === 'small' ? [] : ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          await shoot(page, `${name}-${width}-${colorScheme}`);
          assert.deepEqual(await findings(page), []);
        }
      }
      const grounds = [];
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      }
      assert.notEqual(grounds[0], grounds[1], 'dark is dark');
      const { requests, complaints, expected } = page.record;
      await page.context().close();
      assert.deepEqual(requests.filter((url) => new URL(url).host !== new URL(shop.url).host), []);
      assert.deepEqual(complaints.filter((text) => !expected.some((pattern) => pattern.test(text))), []);
    });
  }

  test('an e-mail that is refused stays to be mended', async () => {
    const page = await newPage(browser, shop.url);
    page.record.expected.push(/Failed to load resource.*status of 422/);
    await page.goto(new URL((await made({ email: undefined })).path, shop.url).href);
    await page.locator('#email').fill('ada@example');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('#error').waitFor();
    assert.equal(await page.locator('#email').inputValue(), 'ada@example');
    assert.equal(await page.evaluate(() => document.activeElement.tagName !== 'BODY'), true);
    assert.deepEqual(await findings(page), []);
    await shoot(page, 'email-refused-phone');
    await page.locator('#email').fill('ada@example.com');
    await page.getByRole('button', { name: 'Continue' }).click();
    await heading(page, 'Waiting for payment');
    await page.context().close();
  });

  test('nothing jumps while a page loads', async () => {
    const order = await opened();
    const paid = await opened();
    await play(seller).pay(paid, 'over', { confirmations: 1 });
    const parts = await opened();
    await play(seller).pay(parts, 'partial');
    for (const viewport of [phone, desktop]) {
      for (const url of [order, paid, parts].map(({ url }) => `${url}/order`)) {
        const page = await newPage(browser, shop.url, { viewport });
        await watchShifts(page);
        // The script comes late, as it does on a slow line: what it adds must have had its place.
        await page.route('**/*.js', async (route) => (await new Promise((resolve) => setTimeout(resolve, 400)), route.continue()));
        await page.goto(url);
        await page.locator('html.js').waitFor({ state: 'attached' });
        await new Promise((resolve) => setTimeout(resolve, 300));
        const shifted = await page.evaluate(() => window.shifted());
        await page.context().close();
        assert.ok(shifted < 0.01, `${url} at ${viewport.width} px: ${shifted}`);
      }
    }
  });

  test('the clock says that it ends soon, to eyes and ears, and without script the buttons leave no gap', async () => {
    const order = await opened();
    await shop.db.prepare('UPDATE orders SET quote_expires_at = ?2 WHERE id = ?1').bind(order.orderId, Date.now() + 123_000).run();
    const page = await newPage(browser, shop.url);
    await page.goto(`${order.url}/order`);
    await heading(page, 'Waiting for payment');
    assert.equal(await page.locator('.left').innerText().then((text) => text.includes('Time left')), true);
    await page.locator('#say', { hasText: 'Less than two minutes left.' }).waitFor({ state: 'attached' });
    assert.equal(await page.locator('.left').innerText().then((text) => text.includes('Ends soon')), true);
    await page.context().close();
    const bare = await newPage(browser, shop.url, { javaScriptEnabled: false });
    await bare.goto(`${order.url}/order`);
    assert.equal(await bare.locator('#copy-amount').boundingBox(), null);
    await bare.context().close();
  });

  test('opened details fit as well, with a transaction in them', async () => {
    // Another buyer: of the usual one payments were reversed above, and their orders are held for review.
    const order = await opened({ confirmations: 3, email: 'carol@example.com' });
    await play(seller).pay(order, 'exact', { confirmations: 1 });
    const page = await newPage(browser, shop.url);
    await page.goto(`${order.url}/order`);
    await page.locator('#details').click();
    for (const viewport of [phone, desktop, small]) {
      await page.setViewportSize(viewport);
      assert.equal(await overflow(page), '', `at ${viewport.width} px`);
      await shoot(page, `details-${viewport.width}`);
    }
    await page.context().close();
  });

  test('letters twice as large, as some people set them, still fit', async () => {
    const order = await opened();
    const page = await newPage(browser, shop.url);
    await page.goto(`${order.url}/order`);
    await heading(page, 'Waiting for payment');
    const style = await page.evaluateHandle(() => new CSSStyleSheet());
    await page.evaluate((sheet) => (sheet.replaceSync('html { font-size: 200% }'), (document.adoptedStyleSheets = [sheet])), style);
    assert.equal(await overflow(page), '');
    await shoot(page, 'waiting-large-letters');
    await page.context().close();
  });

  test('a link that nobody’s browser shows yet makes no order', async () => {
    const link = await makeLink(seller);
    const page = await newPage(browser, shop.url);
    await page.addInitScript(() => Object.defineProperty(document, 'hidden', { get: () => !window.shown }));
    await page.goto(link.url);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal((await seller.api('GET', `/orders/${orderId(link)}`)).status, 404);
    await page.evaluate(() => ((window.shown = true), document.dispatchEvent(new Event('visibilitychange'))));
    await heading(page, 'Waiting for payment');
    await page.context().close();
  });

  test('all that a buyer loads is under 20 KB, compressed', async () => {
    const order = await opened();
    const pieces = {};
    const html = await (await shop.fetch(`${order.path}/order`)).text();
    pieces['the order page'] = html;
    pieces['the link page'] = await (await shop.fetch((await made()).path)).text();
    for (const [, path] of html.matchAll(/(?:href|src)="(\/pay\/assets\/[^"]+)"/g)) {
      const answer = await shop.fetch(path);
      assert.match(answer.headers.get('cache-control'), /immutable/, path);
      pieces[path] = await answer.text();
    }
    const sizes = Object.entries(pieces).map(([name, text]) => [name, gzipSync(text).length]);
    assert.equal(sizes.length, 5);
    const total = sizes.reduce((sum, [, size]) => sum + size, 0);
    console.log(`compressed: ${sizes.map(([name, size]) => `${name} ${size}`).join(', ')}: ${total} bytes in all`);
    assert.ok(total <= 20_000, `${total} bytes`);
  });
});
