// Mails, over the platform's own fetch, queue and cron, by an API and by the binding; their cost; and the service of `npm start`.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { mailService } from '../../scripts/mail.mjs';
import { spent, startShop, until } from './harness.mjs';
import { startReceiver } from './receiver.mjs';

const key = 'mailKey7f3a';
let shop, seller, service;
before(async () => {
  service = await startReceiver();
  const settings = { WATCH_SECONDS: '300', EMAIL_FROM: 'Desk <shop@desk.example>', EMAIL_API_URL: `${service.origin}/emails`, EMAIL_API_KEY: key };
  shop = await startShop({ outbound: 'network', settings });
  seller = await shop.admin.createAccount({ shop_name: 'Grüße & Söhne' });
});
after(() => Promise.all([shop.close(), service.close()]));

/** An order of the seller's for one serial, paid. */
async function paid(its, { email = 'bob@example.com' } = {}) {
  const product = await its.api('POST', '/products', {
    title: 'Schlüssel 世界', description: 'd', price: '5.00', currency: 'USD', product_type: 2, gateways: ['bitcoin'], crypto_confirmations: 0, info: 'S-1,S-2,S-3',
  });
  const order = await its.api('POST', '/pay', { product_id: product.body.id, gateway: 'Bitcoin', white_label: true, email });
  assert.equal(order.status, 201, order.text);
  assert.equal((await its.api('POST', '/test/payments', { order_id: order.body.id, kind: 'exact' })).status, 201);
  return order.body.id;
}

const owed = (at = shop) => at.db.prepare('SELECT id, tries, due_at, error FROM mails').all().then(({ results }) => results);
const ofOrder = (order) => service.requests.filter(({ headers }) => headers['idempotency-key'].endsWith(`/paid:${order}`));
const lines = (at, event) => at.logs.filter(({ message }) => message.includes(`"event":"${event}"`));

test('a paid order is one mail to its buyer, in every script', async () => {
  const order = await paid(seller);
  await until('the mail', () => ofOrder(order).length === 1);
  const [{ method, path: at, headers, body }] = ofOrder(order);
  assert.deepEqual([method, at, headers.authorization, headers['content-type']], ['POST', '/emails', `Bearer ${key}`, 'application/json']);
  const mail = JSON.parse(body);
  assert.deepEqual([mail.from, mail.to], ['"Desk" <shop@desk.example>', 'bob@example.com']);
  assert.match(mail.subject, /Schlüssel 世界/);
  assert.match(mail.text, new RegExp(`S-1[^]*${shop.url}/order/${order}/`));
  assert.match(mail.html, /Grüße &amp; Söhne/);
  await until('nothing to be owed', async () => (await owed()).length === 0);
  assert.equal(lines(shop, 'mail.sent').length, 1);
  assert.ok(!shop.logs.some(({ message }) => message.includes('bob@example.com') || message.includes('S-1')));
});

test('a service that is down loses no mail, and cron sends what no message did', async () => {
  service.answer = () => ({ status: 503, body: 'bob@example.com can not be reached' });
  const order = await paid(seller);
  const [mail] = await until('the try to fail', async () => {
    const rows = await owed();
    return rows[0]?.error && rows;
  });
  assert.deepEqual([mail.id, mail.tries, mail.error], [`paid:${order}`, 1, 'status_503']);
  assert.equal((await seller.api('GET', `/orders/${order}`)).body.delivered, 'S-1', 'the order is delivered all the same');
  service.answer = () => ({});
  await shop.db.prepare('UPDATE mails SET next_at = 1, due_at = 1').run();
  await shop.cron();
  await until('nothing to be owed', async () => (await owed()).length === 0);
  const keys = new Set(ofOrder(order).map(({ headers }) => headers['idempotency-key']));
  assert.deepEqual([keys.size, ofOrder(order).length >= 2], [1, true]);
  assert.ok(!shop.logs.some(({ message }) => message.includes('bob@example.com')));
});

test('a mail costs its order two rows and no round trip, and its sending two trips', async () => {
  const cost = async (at, doing) => {
    const before = await at.fetch('/healthz');
    await doing();
    return spent(before, await at.fetch('/healthz'));
  };
  const off = await startShop({ settings: { WATCH_SECONDS: '300' } });
  try {
    const sellers = [await off.admin.createAccount(), await shop.admin.createAccount()];
    await paid(sellers[0]); // the first address of a wallet is another case
    await paid(sellers[1]);
    await until('nothing to be owed', async () => (await owed()).length === 0);
    // The mail is sent a second later by the queue: until then the counts are the order's own.
    const without = await cost(off, () => paid(sellers[0]));
    const withMail = await cost(shop, () => paid(sellers[1]));
    console.log(`an order from product to payment: ${without.trips} trips and ${without.written} rows written without e-mail, ${withMail.trips} and ${withMail.written} with it`);
    assert.deepEqual([withMail.trips - without.trips, withMail.written - without.written], [0, 2]);
    assert.deepEqual(await owed(off), []);
    // A sync of the order may come in between on a busy machine: then the next mail is counted.
    let sending;
    for (let tries = 0; tries < 4 && sending?.trips !== 2; tries += 1) {
      if (sending) await paid(sellers[1]);
      sending = await cost(shop, () => until('nothing to be owed', async () => (await owed()).length === 0));
    }
    // Taken: the row and when it is due, twice. Sent: the row is gone.
    assert.equal(sending.trips, 2);
    assert.ok(sending.written <= 5, `${sending.written} rows`);
  } finally {
    await off.close();
  }
});

test('the binding sends it, and what it refuses stays owed', async () => {
  const start = (allowed) => startShop({ settings: { WATCH_SECONDS: '300', EMAIL_FROM: 'shop@desk.example' }, sendEmail: { allowed_sender_addresses: [allowed] } });
  for (const [allowed, error] of [['shop@desk.example', undefined], ['other@desk.example', 'refused']]) {
    const at = await start(allowed);
    try {
      const order = await paid(await at.admin.createAccount());
      if (error) {
        const rows = await until('the try to fail', async () => (await owed(at))[0]?.error && owed(at));
        assert.deepEqual(rows.map((row) => [row.id, row.error]), [[`paid:${order}`, error]]);
        assert.equal(lines(at, 'mail.not_sent').length >= 1, true);
      } else {
        await until('the mail to be sent', async () => lines(at, 'mail.sent').length === 1);
        assert.deepEqual(await owed(at), []);
      }
      assert.ok(!at.logs.some(({ message }) => message.includes('bob@example.com')), 'an address was logged');
    } finally {
      await at.close();
    }
  }
});

test('e-mail that is set by half is a 503 that says what is missing', async () => {
  const at = await startShop({ settings: { EMAIL_FROM: 'shop@desk.example' } });
  try {
    const answer = await at.fetch('/healthz');
    assert.equal(answer.status, 503);
    assert.match((await answer.json()).message, /EMAIL_FROM is set, and nothing that sends: bind EMAIL/);
  } finally {
    await at.close();
  }
});

test('the service of `npm start` writes each mail once, lists it, and lets nothing of it run', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pushguard-mail-'));
  const local = await mailService(folder);
  const at = await startShop({ outbound: 'network', settings: { WATCH_SECONDS: '300', ...local.settings } });
  try {
    const order = await paid(await at.admin.createAccount({ shop_name: '<script>alert(1)</script>' }));
    await until('the mail', async () => (await readdir(folder)).length === 3);
    assert.deepEqual(await readdir(folder), ['0001.html', '0001.json', '0001.txt']);
    assert.match(await readFile(path.join(folder, '0001.txt'), 'utf8'), /S-1/);
    const kept = JSON.parse(await readFile(path.join(folder, '0001.json'), 'utf8'));
    assert.ok(kept.idempotency_key.endsWith(`/paid:${order}`) && kept.to === 'bob@example.com');
    // From the shop's own address to the list.
    const way = await at.fetch('/dev/mail');
    assert.deepEqual([way.status, way.headers.get('location')], [302, `${local.url}/`]);
    const [list, one, html] = await Promise.all(['/', '/0001', '/0001.html'].map((where) => fetch(local.url + where)));
    assert.match(await list.text(), /<a href="\/0001">Your order: /);
    for (const answer of [one, html]) {
      assert.match(answer.headers.get('content-security-policy'), /^default-src 'none';/);
      assert.doesNotMatch(await answer.text(), /<script/);
    }
    // The same mail again, a stranger's, and none.
    const post = (body, authorization = `Bearer ${local.settings.EMAIL_API_KEY}`) =>
      fetch(`${local.url}/emails`, { method: 'POST', headers: { authorization, 'idempotency-key': kept.idempotency_key }, body });
    const again = JSON.stringify({ from: 'a', to: 'b', subject: 's', html: 'h', text: 't' });
    assert.deepEqual([(await post(again)).status, (await post(again, 'Bearer x')).status, (await post('{}')).status, (await post('{')).status], [200, 401, 422, 400]);
    assert.equal((await readdir(folder)).length, 3);
    for (const where of ['/0002', '/../keys.json', '/0001.json', '/%2e%2e/keys.json']) assert.equal((await fetch(local.url + where)).status, 404, where);
  } finally {
    await at.close();
    local.close();
    await rm(folder, { recursive: true });
  }
});
