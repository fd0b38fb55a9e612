// Looks at chains and notifications of gateways: neither waits for the other. Counted, not timed: what is asked of whom while the other
// hangs. The local queue has one consumer, which works one batch of ten after another, six at a time.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makeLink, orderId, start } from './checkout.mjs';
import { only, startShop, until } from './harness.mjs';
import { ipnOf, sellerEmail, startPayPal } from './paypal.mjs';

const zpub = 'zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs';
const white = { title: 'Tea', email: 'b@example.com', currency: 'USD', value: '3', gateway: 'Bitcoin', white_label: true };
const json = (body) => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });

const opened = [];
after(() => Promise.all(opened.map((each) => each.close())));

/** So many times, ten at once. */
async function times(count, act) {
  for (let n = 0; n < count; n += 10) await Promise.all(Array.from({ length: Math.min(10, count - n) }, (_, m) => act(n + m)));
}

/** A shop between PayPal and a chain, either of which may hang. */
async function open({ chainHangs = false } = {}) {
  const paypal = await startPayPal();
  const chain = [];
  const toPayPal = only(paypal.origin);
  const outbound = (request) => {
    const { hostname, pathname } = new URL(request.url);
    if (!hostname.endsWith('.example')) return toPayPal(request);
    if (hostname === 'coinbase.example') return json({ data: { currency: 'BTC', rates: { USD: '50000' } } });
    if (!hostname.endsWith('chain.example')) return new Response('', { status: 404 });
    chain.push(pathname.split('/')[2]);
    if (chainHangs) return new Promise(() => {});
    return pathname.endsWith('/height') ? new Response('800000') : json([]);
  };
  const settings = {
    ...paypal.settings,
    WATCH_SECONDS: '1',
    BITCOIN_ESPLORA_URLS: 'https://one.chain.example,https://two.chain.example',
    RATES_COINBASE_URL: 'https://coinbase.example',
    RATES_COINGECKO_URL: 'https://coingecko.example',
    RATES_ECB_URL: 'https://ecb.example',
  };
  const shop = await startShop({ settings, outbound });
  opened.push(shop, paypal);
  const [ada, grace] = [await shop.admin.createAccount(), await shop.admin.createAccount({ test: false })];
  assert.equal((await ada.api('PUT', '/account', { gateways: { paypal: { email: sellerEmail } } })).status, 200);
  assert.equal((await grace.api('PUT', '/account', { gateways: { bitcoin: { xpub: zpub } } })).status, 200);
  const link = await makeLink(ada, { gateway: 'PayPal' });
  assert.equal((await start(shop, link)).status, 303);
  const page = await (await shop.fetch(`${link.path}/order?go=1`)).text();
  const [, href] = page.replaceAll('&amp;', '&').match(new RegExp(`(${paypal.origin}/[^"]+)"`));
  const accountId = await shop.db.prepare('SELECT account_id FROM orders WHERE id = ?1').bind(orderId(link)).first('account_id');
  return {
    paypal,
    chain, // an address for each question about one
    /** PayPal tells of so many payments. */
    async notifications(count) {
      await times(count, async (n) => {
        const told = await paypal.ipn(`${shop.url}/gateways/paypal/${accountId}`, ipnOf(href, { txn_id: `TXN${n}` }));
        assert.equal(told.status, 200);
      });
    },
    async orders(count) {
      await times(count, async () => assert.equal((await grace.api('POST', '/pay', white)).status, 201));
    },
    unheard: () => shop.db.prepare('SELECT COUNT(*) AS n FROM notifications WHERE due_at IS NOT NULL').first('n'),
  };
}

test('two hundred notifications that PayPal keeps waiting keep no look waiting', async () => {
  const { paypal, chain, notifications, orders, unheard } = await open();
  paypal.hangs = true;
  await notifications(200);
  await until('the first six to be asked about', () => paypal.asked('/cgi-bin/webscr').length >= 6);
  await orders(5);
  await until('each order to be looked at', () => new Set(chain.filter((address) => address !== 'tip')).size === 5);
  const asked = paypal.asked('/cgi-bin/webscr').length;
  console.log(`when five orders had been looked at, PayPal had been asked about ${asked} notifications of 200`);
  assert.equal(await unheard(), 200);
  assert.ok(asked <= 20, `${asked}: of the first batches`);
});

test('two hundred looks that a chain’s servers keep waiting keep no notice waiting', async () => {
  const { paypal, chain, notifications, orders, unheard } = await open({ chainHangs: true });
  await orders(200);
  await until('the first six to be asked about', () => chain.length >= 6);
  await notifications(3);
  await until('the notifications to be heard', async () => (await unheard()) === 0);
  console.log(`when three notifications had been heard, the chain had been asked ${chain.length} times for 200 looks`);
  assert.equal(paypal.asked('/cgi-bin/webscr').length, 3);
  assert.ok(chain.length <= 40, `${chain.length}: of the first batches`);
});
