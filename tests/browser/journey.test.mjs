// What the whole shop is for: a buyer takes each kind of product from the demo shop, holds the goods, says what they think of them, and
// gets an answer to a question. Three times: with a finger, with the keyboard alone, and without script.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { demoShop } from '../../scripts/demo.mjs';
import { noBrowser, openBrowser, startShop, testUnless, until } from '../worker/harness.mjs';
import { findings, newPage, overflow, phone, shoot, watchShifts } from './page.mjs';

const [browser, plain] = await Promise.all([openBrowser(), openBrowser({ args: ['--blink-settings=scriptEnabled=false'] })]);
const test = testUnless(browser ? null : noBrowser);

/** Fingers: elements are tapped and filled. */
const finger = {
  press: (page, element) => element.click(),
  write: (page, element, text) => element.fill(text),
  choose: (page, element, label) => element.selectOption(label),
  tick: (page, element) => element.check({ force: true }),
};

/** The keyboard: nothing but Tab leads to an element. */
const keyboard = {
  async reach(page, element) {
    const handle = await element.elementHandle();
    const isThere = () =>
      page.evaluate((wanted) => {
        const at = document.activeElement;
        const isOfGroup = at?.type === 'radio' && wanted.type === 'radio' && at.name === wanted.name;
        return at === wanted || isOfGroup;
      }, handle);
    for (let presses = 0; presses < 120; presses += 1) {
      if (await isThere()) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`no Tab leads to ${element}`);
  },
  async press(page, element) {
    await this.reach(page, element);
    await page.keyboard.press('Enter');
  },
  async write(page, element, text) {
    await this.reach(page, element);
    await page.keyboard.press('Control+A');
    await page.keyboard.type(text);
  },
  async choose(page, element, label) {
    await this.reach(page, element);
    await page.keyboard.type(label);
  },
  async tick(page, element) {
    await this.reach(page, element);
    await page.keyboard.press('Space');
    for (let presses = 0; presses < 8 && !(await element.isChecked()); presses += 1) await page.keyboard.press('ArrowRight');
    assert.ok(await element.isChecked());
  },
};

/** What the receipt shows of each product's goods. */
const products = [
  { title: 'Licence key', goods: /DEMO-\d{4}-\d{4}/ },
  { title: 'Field guide', file: /^A field guide to this demo\n/ },
  { title: 'Server for an hour', goods: /\S/ },
  { title: 'Logo sketch', text: 'We begin with your sketches' },
];

describe('a purchase in the demo shop', { concurrency: 1 }, () => {
  let shop, seller, demo;
  before(async () => {
    if (!browser) return;
    shop = await startShop({ assets: true, outbound: 'network' });
    seller = await shop.admin.createAccount({ shop_name: 'Demo shop' });
    demo = await demoShop(shop.url, seller);
  });
  after(async () => {
    demo?.close();
    await Promise.all([browser?.close(), plain?.close()]);
    await shop?.close();
  });

  const ways = [
    ['with a finger on a phone', finger, true],
    ['with the keyboard alone', keyboard, true],
    ['without script', finger, false],
  ];
  for (const [way, hands, scripts] of ways) {
    for (const product of products) test(`${product.title}, ${way}`, (t) => buy(t, product, hands, scripts));
  }

  async function buy(t, { title, goods, file, text }, hands, scripts) {
    const page = await newPage(scripts ? browser : plain, shop.url, { viewport: phone, javaScriptEnabled: scripts });
    t.after(() => page.context().close());
    if (scripts) await watchShifts(page);
    /** As it should be at every stop. */
    const looks = async (name) => {
      assert.equal(await overflow(page).catch(() => ''), '', name);
      if (!scripts) return;
      assert.deepEqual(await findings(page), [], name);
      assert.ok((await page.evaluate(() => window.shifted())) <= 0.02, `${name} moves`);
    };
    const button = (name) => page.getByRole('button', { name, exact: false });
    const settled = async (status) => {
      // Without script a page is looked at again by hand.
      for (let tries = 0; tries < 40; tries += 1) {
        if ((await page.locator('h1').innerText()).includes(status)) return;
        await page.waitForTimeout(500);
        if (!scripts) await page.reload();
      }
      throw new Error(`${title} never says "${status}": ${await page.locator('h1').innerText()}`);
    };

    await page.goto(shop.url + demo.path);
    await looks('the shop');
    await hands.press(page, page.getByRole('link', { name: title }));
    await page.waitForURL(/\/product\//);
    await looks('the product');
    if (text) {
      await hands.write(page, page.locator('#custom-0'), 'A bakery');
      await hands.choose(page, page.locator('#custom-1'), 'Playful');
    }
    const email = `${title.replaceAll(' ', '-').toLowerCase()}@example.com`;
    await hands.write(page, page.locator('#email'), email);
    if (goods) await hands.write(page, page.locator('#coupon'), 'DEMO10');
    await hands.press(page, button('Buy now'));
    await page.waitForURL(/\/order\//);
    await settled('Waiting for payment');
    await looks('the payment');
    const { pathname } = new URL(page.url());
    await hands.press(page, button('Pay exactly'));
    await settled('Payment seen');
    await hands.press(page, button('Next block'));
    await settled('Payment complete');
    // A dynamic product asks the seller's server first.
    await until('the goods', async () => {
      await page.goto(`${shop.url}${pathname}?stay`);
      return file || (await page.locator('body').innerText()).match(text ?? goods);
    });
    await looks('the receipt');
    await shoot(page, `receipt-${title.replaceAll(' ', '-').toLowerCase()}`);
    if (goods) assert.match(await page.locator('body').innerText(), goods);

    if (file) {
      const href = await page.getByRole('link', { name: 'Download the file' }).getAttribute('href');
      const part = (range) => shop.fetch(href, { headers: { range } });
      const [first, second] = await Promise.all([part('bytes=0-99'), part('bytes=100-')]);
      assert.deepEqual([first.status, second.status], [206, 206]);
      assert.match((await first.text()) + (await second.text()), file);
      assert.equal(first.headers.get('content-disposition'), 'attachment; filename="field-guide.txt"');
    }

    await hands.tick(page, page.locator('input[name=stars][value="5"]'));
    await hands.write(page, page.locator('#comment'), `Good: <b>${title}</b>`);
    await hands.press(page, button('Send feedback'));
    await page.getByText('Thank you. You can change it for 30 days.').waitFor();
    await hands.press(page, page.locator('#question summary'));
    await hands.write(page, page.locator('#subject'), 'One more thing');
    await hands.write(page, page.locator('#message'), 'Does it <i>last</i>?');
    await hands.press(page, button('Send question'));
    await page.waitForURL(/\/query\//);
    await looks('the thread');
    assert.match(await page.locator('body').innerText(), /Does it <i>last<\/i>\?/);
    const id = new URL(page.url()).pathname.split('/')[2];
    await seller.api('POST', `/queries/${id}/reply`, { from: 'seller', message: 'For years.' });
    await page.reload();
    await page.getByText('For years.').waitFor();
    await hands.write(page, page.locator('#message'), 'Thank you!');
    await hands.press(page, button('Send reply'));
    await page.getByText('Thank you!').waitFor();

    const { body: orders } = await seller.api('GET', `/orders?email=${email}`);
    const [order] = orders;
    assert.equal(order.status, 100);
    assert.equal(order.coupon_id === null, !goods);
    const { body: opinions } = await seller.api('GET', '/feedbacks');
    const opinion = opinions.find(({ order_id }) => order_id === order.id);
    assert.deepEqual([opinion.stars, opinion.comment], [5, `Good: <b>${title}</b>`]);
    assert.deepEqual(page.record.complaints, []);
    assert.deepEqual(page.record.requests.filter((url) => !url.startsWith(shop.url) && !url.startsWith(shop.url.replace('http', 'ws'))), []);
  }
});
