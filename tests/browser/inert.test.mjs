// What sellers and buyers write is text, on every page: no script of it runs, and the policy of the page has nothing to report.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { noBrowser, openBrowser, startShop, testUnless, until } from '../worker/harness.mjs';
import { newPage } from './page.mjs';

const browser = await openBrowser();
const test = testUnless(browser ? null : noBrowser);

/** Ways out of a text, an attribute, a URL, a style, a script and a comment. */
const wild = [
  '<script>hacked()</script>',
  '"><img src=x onerror=hacked()>',
  "' autofocus onfocus=hacked() x='",
  '</title><svg onload=hacked()>',
  'javascript:hacked()',
  '</style><style>*{background:url(//evil.example)}</style>',
  '--><iframe srcdoc="<script>parent.hacked()</script>">',
];
const all = wild.join(' ');

describe('what people write', { concurrency: 1 }, () => {
  let shop, seller, product, category;
  before(async () => {
    if (!browser) return;
    shop = await startShop({ assets: true, outbound: () => new Response('ok') });
    seller = await shop.admin.createAccount({ shop_name: all.slice(0, 100) });
    const markdown = `${all}\n\n[a](javascript:hacked()) ![b](//evil.example/x.png) ![c](/images/"onerror=hacked())\n\n<img src=x onerror=hacked()>\n\n<script>hacked()</script>`;
    const looks = { slug: 'wild', description: markdown, accent_color: '#0b6e5f', terms_url: "https://ada.example/'onclick=hacked()" };
    const changed = await seller.api('PUT', '/account', { shop: looks, contact_url: "https://ada.example/?'onclick=hacked()" });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    const custom = [
      { name: wild[0], type: 'text', required: true },
      { name: wild[1], type: 'select', required: true, options: [wild[1], wild[2]] },
      { name: wild[3], type: 'checkbox', required: true },
    ];
    const made = await seller.api('POST', '/products', { title: all.slice(0, 200), description: markdown, price: '12', currency: 'USD', product_type: 2, gateways: ['bitcoin'], stock_delimiter: '\n', info: wild.join('\n'), custom });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    product = made.body.id;
    const put = await seller.api('POST', '/categories', { title: all.slice(0, 200), product_ids: [product], unlisted: false });
    assert.equal(put.status, 201, JSON.stringify(put.body));
    category = put.body.id;
  });
  after(async () => {
    await browser?.close();
    await shop?.close();
  });

  test('is inert on every page', async (t) => {
    const page = await newPage(browser, shop.url);
    t.after(() => page.context().close());
    page.on('dialog', (dialog) => dialog.dismiss());
    const reports = [];
    await page.exposeFunction('hacked', () => reports.push(`a script ran on ${page.url()}`));
    await page.exposeFunction('collect', (report) => reports.push(report));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => window.collect(`${event.violatedDirective} of ${event.blockedURI} on ${location.pathname} ${event.sample}`));
    });
    let seen = 0;
    /** The page as it stands, with all that a pointer and the keyboard may wake. */
    const look = async (name) => {
      await page.waitForLoadState('load');
      for (const link of await page.locator('a').all()) await link.hover({ timeout: 500 }).catch(() => {});
      const odd = await page.evaluate(() => {
        const own = [...document.scripts].every((script) => script.src.startsWith(location.origin));
        const handlers = [...document.querySelectorAll('*')].filter((element) => [...element.attributes].some(({ name }) => name.startsWith('on')));
        const links = [...document.links].filter(({ protocol }) => !['http:', 'https:', 'mailto:', 'bitcoin:'].includes(protocol));
        return [...(own ? [] : ['a script']), ...[...handlers, ...links].map((element) => element.outerHTML), ...[...document.querySelectorAll('iframe, object, embed, base')].map((element) => element.outerHTML)];
      });
      assert.deepEqual(odd, [], name);
      assert.deepEqual(reports, [], name);
      seen += 1;
    };
    const go = async (path, name) => {
      await page.goto(shop.url + path);
      await look(name);
    };

    await go('/', 'the only shop');
    await go('/shop/wild', 'the shop');
    await go(`/category/${category}`, 'the category');
    await go('/shop/wild/contact', 'the contact form');
    await page.evaluate(() => (document.querySelector('form').noValidate = true));
    await page.locator('#email').fill(wild[1]);
    await page.locator('#subject').fill(all.slice(0, 250));
    await page.locator('#message').fill(all);
    await page.locator('main form button').last().click();
    await look('the contact form with its mistakes');
    await page.locator('#email').fill('bob@example.com');
    await Promise.all([page.waitForURL(/\/query\//), page.locator('main form button').last().click()]);
    await look('the thread of the contact');

    await go(`/product/${product}?x=${encodeURIComponent(all)}`, 'the product');
    await page.evaluate(() => (document.querySelector('form').noValidate = true));
    await page.locator('#custom-0').fill(all);
    await page.locator('#email').fill(wild[0]);
    await page.locator('#coupon').fill(wild[1]);
    await page.getByRole('button', { name: 'Buy now' }).click();
    await page.locator('.wrong').first().waitFor();
    await look('the product with its mistakes');
    await page.locator('#email').fill('bob@example.com');
    await page.locator('#coupon').fill('');
    await page.locator('#custom-1').selectOption(wild[2]);
    await page.locator('input[type=checkbox]').check();
    await Promise.all([page.waitForURL(/\/order\//), page.getByRole('button', { name: 'Buy now' }).click()]);
    await look('the payment');
    const { pathname } = new URL(page.url());
    const { body: orders } = await seller.api('GET', '/orders');
    assert.equal(orders[0].custom[0], all.trim());
    await seller.api('POST', '/test/payments', { order_id: orders[0].id, kind: 'exact' });
    await seller.api('POST', '/test/blocks', { count: 1 });
    await go(`${pathname}?stay`, 'the receipt');
    assert.match(await page.locator('body').innerText(), /<script>hacked\(\)<\/script>/, 'the goods');
    await page.locator('input[name=stars][value="1"]').check({ force: true });
    await page.locator('#comment').fill(all);
    await page.getByRole('button', { name: 'Send feedback' }).click();
    await page.getByText('Thank you.').waitFor();
    const { body: opinions } = await seller.api('GET', '/feedbacks');
    await seller.api('POST', `/feedbacks/${opinions[0].id}/reply`, { response: all });
    await go(`${pathname}?stay`, 'the receipt with feedback');
    await page.locator('#question summary').click();
    await page.locator('#subject').fill(all.slice(0, 250));
    await page.locator('#message').fill(all);
    await Promise.all([page.waitForURL(/\/query\//), page.getByRole('button', { name: 'Send question' }).click()]);
    const thread = new URL(page.url()).pathname;
    await seller.api('POST', `/queries/${thread.split('/')[2]}/reply`, { from: 'seller', message: all });
    await go(thread, 'the thread');
    await go(`/product/${product}`, 'the product with feedback');

    const { body: link } = await seller.api('POST', '/pay', { title: all.slice(0, 200), currency: 'USD', value: '5', gateway: 'Bitcoin', return_url: "https://ada.example/?'onclick=hacked()", custom: { [wild[0]]: wild[1] } });
    const pay = new URL(link.url).pathname;
    await go(pay, 'the link');
    await page.locator('input[name=email]').fill('bob@example.com');
    await page.locator('main form button').first().click();
    await page.waitForURL(/\/order$/);
    await look('the link’s payment');
    await go(`/pay/${encodeURIComponent(all)}/x`, 'no link');
    await go(`/product/${encodeURIComponent(wild[1])}`, 'no product');
    assert.ok(seen >= 17, `${seen} pages`);

    // And what would run is noticed.
    await page.evaluate(() => {
      const element = document.createElement('b');
      element.setAttribute('onclick', 'hacked()');
      document.body.append(element);
      element.click();
    });
    await until('a report', () => reports.length > 0);
    assert.match(reports[0], /^script-src/);
  });
});
