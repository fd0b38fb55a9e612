// A live receipt on which somebody writes: news comes, and what they have typed stays where it is.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { noBrowser, openBrowser, startShop, testUnless, until } from '../worker/harness.mjs';
import { play } from '../worker/checkout.mjs';
import { heading, newPage } from './page.mjs';

const browser = await openBrowser();
const test = testUnless(browser ? null : noBrowser);

describe('a live receipt', () => {
  let shop, seller;
  before(async () => {
    if (!browser) return;
    shop = await startShop({ assets: true });
    seller = await shop.admin.createAccount({ shop_name: 'Corner Books' });
  });
  after(async () => {
    await browser?.close();
    await shop?.close();
  });

  /** A paid order for something that is delivered by hand, on its page. `news` has the page say something else. */
  async function open(t) {
    const made = await seller.api('POST', '/products', {
      title: 'A portrait', description: 'By hand.', price: '12', currency: 'USD', product_type: 4, gateways: ['bitcoin'], info: 'We write to you.',
    });
    const { id: product } = made.body;
    const form = new URLSearchParams({ once: '', quantity: 1, email: 'bob@example.com', gateway: 'bitcoin' });
    const ordered = await shop.fetch(`/product/${product}`, { method: 'POST', body: form });
    assert.equal(ordered.status, 303);
    const path = ordered.headers.get('location');
    const [, , orderId] = path.split('/');
    await play(seller).pay({ orderId }, 'exact', { confirmations: 1 });
    const page = await newPage(browser, shop.url);
    t.after(() => page.context().close());
    await page.goto(shop.url + path);
    await heading(page, 'Payment complete');
    await until('the page to get there', () => page.evaluate(() => socket?.readyState === 1));
    const news = async (info) => {
      await seller.api('PUT', `/products/${product}`, { info });
      const { status, text } = await seller.api('POST', `/orders/${orderId}/deliver`, { again: true });
      assert.equal(status, 200, text);
    };
    return { page, news };
  }

  test('leaves a half-written question and a half-given feedback as they are', async (t) => {
    const { page, news } = await open(t);
    await page.locator('details.more summary').click();
    await page.locator('#subject').fill('When is it');
    await page.locator('#message').fill('I would like to know\nwhen');
    await page.locator('#comment').fill('So far');
    await page.locator('.stars .choice').nth(3).click();
    await page.locator('#question button').focus();
    await news('It is in the post.');
    await page.locator('.goods', { hasText: 'in the post' }).waitFor();
    const typed = () => page.evaluate(() => ['subject', 'message', 'comment'].map((id) => document.getElementById(id).value).concat(document.querySelector('[name=stars]:checked')?.value));
    const all = ['When is it', 'I would like to know\nwhen', 'So far', '4'];
    assert.deepEqual(await typed(), all);
    assert.equal(await page.locator('details.more').evaluate((it) => it.open), true);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Send question', 'the focus stays');
    // With the pen down in the middle of a word: it waits until the pen rests.
    await page.locator('#message').focus();
    await page.evaluate(() => document.activeElement.setSelectionRange(2, 7));
    await page.evaluate(() => { typed = now() - 18; });
    await news('It has arrived.');
    await page.locator('.goods', { hasText: 'has arrived' }).waitFor();
    assert.deepEqual(await typed(), all);
    assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.activeElement.selectionStart, document.activeElement.selectionEnd]), ['message', 2, 7]);
    await page.locator('#question button').click();
    await heading(page, 'When is it');
    assert.match(await page.locator('.messages').innerText(), /I would like to know\nwhen/);
    assert.deepEqual(page.record.complaints, []);
  });

  test('waits while somebody types, and then catches up', async (t) => {
    const { page, news } = await open(t);
    await page.locator('details.more summary').click();
    await page.locator('#message').pressSequentially('Hello');
    await news('It is in the post.');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await page.locator('#message').pressSequentially(', you');
    assert.equal(await page.locator('.goods', { hasText: 'in the post' }).count(), 0);
    await page.evaluate(() => { typed = now() - 20; });
    await page.locator('.goods', { hasText: 'in the post' }).waitFor();
    assert.equal(await page.locator('#message').inputValue(), 'Hello, you');
  });

  test('is wholly in the language that its shop has by now', async (t) => {
    const { page, news } = await open(t);
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
    await seller.api('PUT', '/account', { shop: { language: 'de' } });
    t.after(() => seller.api('PUT', '/account', { shop: { language: null } }));
    await news('Unterwegs.');
    await heading(page, 'Zahlung abgeschlossen');
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
    assert.match(await page.locator('header').innerText(), /Testzahlung/);
    assert.match(await page.locator('#trouble').getAttribute('data-offline'), /Keine Verbindung/);
    assert.match(await page.locator('#say').innerText(), /Zahlung abgeschlossen/);
  });
});
