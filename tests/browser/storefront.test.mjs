// The storefront in a buyer's browser: on a small phone and on a desk, in light and dark, by keyboard, and without script.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe } from 'node:test';
import { noBrowser, openBrowser, startShop, testUnless } from '../worker/harness.mjs';
import { desktop, findings, heading, newPage, overflow, shoot, watchShifts } from './page.mjs';

const [browser, plain] = await Promise.all([openBrowser(), openBrowser({ args: ['--blink-settings=scriptEnabled=false'] })]);
const test = testUnless(browser ? null : noBrowser);
const small = { width: 320, height: 640 };
const tall = { width: 390, height: 844 };

describe('the storefront', { concurrency: 4 }, () => {
  let shop, seller, paths, keys, sketch, gone, few;
  before(async () => {
    if (!browser) return;
    shop = await startShop({ assets: true });
    seller = await shop.admin.createAccount({ shop_name: 'Corner Books' });
    const looks = { slug: 'corner', accent_color: '#0b6e5f', description: 'Books and **keys**, sent at once.\n\n- one\n- two', terms_url: 'https://corner.example/terms' };
    await seller.api('PUT', '/account', { shop: looks });
    const make = async (fields, picture) => {
      const gateways = ['bitcoin', 'litecoin', 'ethereum'];
      const { body } = await seller.api('POST', '/products', { price: '12', currency: 'USD', product_type: 2, gateways, description: 'A **key**.\n\n## What is in it\n\nOne seat.', ...fields });
      const authorization = `Basic ${Buffer.from(`${seller.email}:${seller.api_key}`).toString('base64')}`;
      const bytes = picture && (await readFile(new URL(`../../scripts/demo/${picture}`, import.meta.url)));
      if (bytes) await shop.fetch(`/api/v2/products/${body.id}/image`, { method: 'PUT', headers: { authorization, 'content-type': 'image/jpeg' }, body: bytes });
      return body.id;
    };
    keys = await make({ title: 'Licence key', info: Array.from({ length: 30 }, (_, n) => `K${n}`).join(), volume_discounts: [{ quantity: 3, percent: '10' }] }, 'key.jpg');
    const custom = [
      { name: 'What is it for?', type: 'text', required: true },
      { name: 'How many?', type: 'number', required: false },
      { name: 'Style', type: 'select', required: true, options: ['Plain', 'Playful'] },
      { name: 'I have read the terms', type: 'checkbox', required: true },
    ];
    sketch = await make({ title: 'بطاقة هدية (10)', product_type: 4, info: 'Soon.', stock_amount: 3, custom }, 'brush.jpg');
    gone = await make({ title: 'Field guide with a name that is long enough to need several lines on a small phone', info: '' }, 'book.jpg');
    few = await make({ title: 'Two of these', info: 'A,B' });
    const category = await seller.api('POST', '/categories', { title: 'Keys', product_ids: [keys, gone], unlisted: false });
    const { body: order } = await seller.api('POST', '/pay', { product_id: keys, gateway: 'Bitcoin', email: 'bob@example.com', white_label: true });
    await seller.api('POST', '/test/payments', { order_id: order.id, kind: 'exact' });
    await seller.api('POST', '/test/blocks', { count: 1 });
    const said = await seller.api('POST', '/feedbacks', { order_id: order.id, stars: 4, comment: 'Good, and quick.' });
    await seller.api('POST', `/feedbacks/${said.body.id}/reply`, { response: 'Thank you!' });
    paths = { shop: '/', category: `/category/${category.body.id}`, product: `/product/${keys}`, custom: `/product/${sketch}`, gone: `/product/${gone}`, contact: '/shop/corner/contact', nothing: '/shop/nobody' };
  });
  after(async () => {
    await Promise.all([browser?.close(), plain?.close()]);
    await shop?.close();
  });

  async function open(t, path, options = {}, which = browser) {
    const page = await newPage(which, shop.url, options);
    t.after(() => page.context().close());
    await watchShifts(page);
    await page.goto(shop.url + path);
    return page;
  }
  /** What the page itself complained of: a status that is no 200 is one of the browser's. */
  const complaints = (page) => page.record.complaints.filter((text) => !/status of 4\d\d/.test(text));

  for (const colorScheme of ['light', 'dark']) {
    test(`every page fits, stands still and has nothing to find for axe, in ${colorScheme}`, async (t) => {
      for (const [name, path] of Object.entries(paths)) {
        const page = await open(t, path, { colorScheme, viewport: small });
        for (const viewport of [small, tall, desktop]) {
          await page.setViewportSize(viewport);
          assert.equal(await overflow(page), '', `${name} at ${viewport.width} px`);
        }
        await page.setViewportSize(colorScheme === 'light' ? tall : desktop);
        assert.deepEqual(await findings(page), [], name);
        await shoot(page, `store-${name}-${colorScheme}`);
        assert.deepEqual(complaints(page), [], name);
        const other = page.record.requests.filter((url) => !url.startsWith(shop.url));
        assert.deepEqual(other, [], name);
        const files = page.record.requests.filter((url) => !url.includes('/images/'));
        assert.ok(files.length <= 3, `${name} loads ${files.join()}`);
        await page.context().close();
      }
    });
  }

  test('a page does not move while its pictures come', async (t) => {
    for (const path of [paths.shop, paths.product]) {
      const page = await open(t, path, { viewport: tall });
      await page.waitForLoadState('networkidle');
      assert.ok((await page.evaluate(() => window.shifted())) <= 0.02, path);
    }
  });

  test('what is wrong stands at its field, and the page is still one that everybody can use', async (t) => {
    const page = await open(t, paths.custom, { viewport: tall });
    await page.evaluate(() => (document.querySelector('form').noValidate = true));
    await page.locator('#email').fill('bob@');
    await page.locator('#custom-1').fill('many');
    await page.locator('#coupon').fill('NONE');
    await page.getByRole('button', { name: 'Buy now' }).click();
    await page.locator('[role=alert]').waitFor();
    assert.equal(await page.locator('#email').inputValue(), 'bob@');
    assert.equal(await page.locator('.wrong').count(), 6);
    assert.deepEqual(await findings(page), []);
    assert.equal(await overflow(page), '');
    await shoot(page, 'store-wrong');
  });

  test('a product is bought with the keyboard alone', async (t) => {
    const page = await open(t, paths.product, { viewport: tall });
    const focus = async (id) => {
      for (let presses = 0; presses < 30; presses += 1) {
        const at = await page.evaluate(() => {
          const { outlineStyle } = getComputedStyle(document.activeElement.closest('.choice') ?? document.activeElement);
          return { id: document.activeElement.id || document.activeElement.textContent.trim(), ring: outlineStyle !== 'none' };
        });
        if (at.id === id) return assert.ok(at.ring, `${id} has the focus and doesn't show it`);
        await page.keyboard.press('Tab');
      }
      throw new Error(`no Tab leads to ${id}`);
    };
    await focus('quantity');
    await page.keyboard.press('ArrowUp');
    await focus('email');
    await page.keyboard.type('keys@example.com');
    await focus('Buy now');
    await Promise.all([page.waitForURL(/\/order\//), page.keyboard.press('Enter')]);
    const { body: orders } = await seller.api('GET', '/orders?email=keys@example.com');
    assert.deepEqual(orders.map(({ quantity, gateway }) => [quantity, gateway]), [[2, 'Bitcoin']]);
  });

  test('a product is bought without script, on a phone', async (t) => {
    const page = await newPage(plain, shop.url, { viewport: small, javaScriptEnabled: false });
    t.after(() => page.context().close());
    await page.goto(`${shop.url}/shop/corner`);
    await page.getByRole('link', { name: 'بطاقة هدية (10)' }).click();
    await page.locator('#email').fill('plain@example.com');
    await page.locator('#custom-0').fill('A shop');
    await page.locator('#custom-2').selectOption('Playful');
    await page.getByLabel('I have read the terms').check();
    await page.getByLabel('Litecoin').check();
    await Promise.all([page.waitForURL(/\/order\//), page.getByRole('button', { name: 'Buy now' }).click()]);
    const { body: orders } = await seller.api('GET', '/orders?email=plain@example.com');
    assert.deepEqual(orders.map(({ custom, gateway }) => [custom, gateway]), [[{ 0: 'A shop', 2: 'Playful', 3: true }, 'Litecoin']]);
  });

  test('what turned out to be sold says what is left', async (t) => {
    const page = await open(t, `/product/${few}`, { viewport: tall });
    await seller.api('PUT', `/products/${few}`, { info: 'A' });
    await page.locator('#quantity').fill('2');
    await page.locator('#email').fill('late@example.com');
    await page.getByRole('button', { name: 'Buy now' }).click();
    await page.locator('#quantity-wrong').waitFor();
    assert.match(await page.locator('#quantity-wrong').innerText(), /Only 1 left/);
    assert.deepEqual(await findings(page), []);
    await heading(page, 'Two of these');
  });
});
