// Fraud on the real module and D1: each decider refuses each way to begin an order, and what the looks cost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { makeLink, start } from './checkout.mjs';
import { adminToken, spent, startShop } from './harness.mjs';

let shop, seller, other, product;
const address = '203.0.113.7';

before(async () => {
  shop = await startShop({ settings: { WATCH_SECONDS: '300', RATE_LIMIT_ANONYMOUS: '100000', RATE_LIMIT_ACCOUNT: '100000' }, cf: { country: 'SE', asn: 64500, asOrganization: 'Example Net' } });
  [seller, other] = [await shop.admin.createAccount(), await shop.admin.createAccount()];
  const made = await seller.api('POST', '/products', { title: 'Help', description: 'An hour.', price: '10', currency: 'USD', product_type: 4, gateways: ['bitcoin'] });
  product = made.body.id;
  // Somebody else refuses everybody.
  await other.api('POST', '/blacklist_rules', { action_type: 'block', name: 'All', rule: 'true' });
  await other.api('POST', '/blacklist', { blacklist_type: 3, blocked_data: 'SE' });
});
after(() => shop.close());

const headers = { 'cf-connecting-ip': address, 'user-agent': 'a buyer' };

const ways = {
  async storefront() {
    const page = await (await shop.fetch(`/product/${product}`, { headers })).text();
    const [, once] = page.match(/name="once" value="([^"]+)"/);
    const body = new URLSearchParams({ once, quantity: '1', email: 'bob@example.com', gateway: 'bitcoin' });
    return shop.fetch(`/product/${product}`, { method: 'POST', body, headers: { ...headers, origin: shop.url } });
  },
  async link() {
    const made = await seller.api('POST', '/pay', { product_id: product, gateway: 'Bitcoin', email: 'bob@example.com', return_url: 'https://seller.example/' });
    return shop.fetch(new URL(made.body.url).pathname, { method: 'POST', body: new URLSearchParams(), headers });
  },
  'white-label': () => seller.api('POST', '/pay', { product_id: product, gateway: 'Bitcoin', email: 'bob@example.com', ip_address: address, white_label: true }),
};

const put = (name, body) =>
  shop.fetch(`/admin/lists/${name}`, { method: 'PUT', headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'text/plain' }, body });

const deciders = {
  rule: async () => {
    const made = await seller.api('POST', '/blacklist_rules', { action_type: 'block', name: 'Example', rule: 'customer.email_domain == "example.com"' });
    return () => seller.api('DELETE', `/blacklist_rules/${made.body.id}`);
  },
  blacklist: async () => {
    const made = await seller.api('POST', '/blacklist', { blacklist_type: 2, blocked_data: '203.0.113.0/24' });
    return () => seller.api('DELETE', `/blacklist/${made.body.id}`);
  },
  vpn_block: async () => {
    await put('vpn', '203.0.113.0/24\n');
    await seller.api('PUT', `/products/${product}`, { vpn_block: true });
    return async () => {
      await seller.api('PUT', `/products/${product}`, { vpn_block: false });
      await put('vpn', '192.0.2.0/24\n');
    };
  },
};

for (const [decider, begin] of Object.entries(deciders)) {
  test(`${decider} refuses an order on each way, and its reason can be read afterwards`, async () => {
    const end = await begin();
    for (const [way, order] of Object.entries(ways)) {
      const answer = await order();
      assert.equal(answer.status, 403, `${way}: ${answer.text?.slice?.(0, 300)}`);
      const [newest] = (await seller.api('GET', '/blocked')).body;
      assert.equal(newest.risk.decided_by.type, decider, way);
      assert.equal(newest.ip_address, address, way);
      assert.deepEqual((await seller.api('GET', `/blocked/${newest.id}`)).body, newest, way);
    }
    await end();
  });
}

test('the limit of risk holds an order for review on each way', async () => {
  await put('tor', `${address}\n`);
  for (const [way, order] of Object.entries(ways)) {
    const answer = await order();
    assert.ok([201, 303].includes(answer.status), `${way}: ${answer.status}`);
    const [newest] = (await seller.api('GET', '/orders')).body;
    assert.equal(newest.status, 52, way);
    const risk = (await seller.api('GET', `/orders/${newest.id}/risk`)).body;
    assert.deepEqual([risk.outcome, risk.decided_by.type], ['review', 'risk_level'], way);
    assert.equal(risk.signals.find(({ name }) => name === 'tor').points, 50, way);
    if (way !== 'white-label') assert.equal(risk.facts.customer.asn, 64500, way);
  }
  await put('tor', '192.0.2.7\n');
});

test('an approved order waits for its payment as any other', async () => {
  await put('tor', `${address}\n`);
  assert.equal((await ways['white-label']()).status, 201);
  const [held] = (await seller.api('GET', '/orders')).body;
  assert.equal(held.status, 52);
  const approved = await seller.api('POST', `/orders/${held.id}/approve`, { note: 'known' });
  assert.deepEqual([approved.status, approved.body.status], [200, 0]);
  assert.equal((await seller.api('POST', `/orders/${held.id}/approve`, {})).status, 409);
  const [line] = (await seller.api('GET', `/orders/${held.id}/history`)).body;
  assert.deepEqual([line.from, line.to, line.action, line.note], [52, 0, 'approve', 'known']);
  await put('tor', '192.0.2.7\n');
});

test('another account’s rules and entries never matter', async () => {
  for (const [way, order] of Object.entries(ways)) assert.ok([201, 303].includes((await order()).status), way);
  assert.deepEqual((await other.api('GET', '/blocked')).body, []);
});

test('two hundred rules and as many entries add no round trip to an order', async () => {
  const cost = async () => {
    const from = await shop.fetch('/healthz');
    assert.equal((await ways['white-label']()).status, 201);
    return spent(from, await shop.fetch('/healthz'));
  };
  await cost();
  const without = await cost();
  for (let n = 0; n < 200; n += 1) {
    const rule = `customer.email_domain in {"a${n}.example" "b${n}.example"} and order.value > ${n}`;
    assert.equal((await seller.api('POST', '/blacklist_rules', { action_type: 'block', name: `Rule ${n}`, rule })).status, 201);
  }
  const lines = Array.from({ length: 200 }, (_, n) => `x${n}@example.net`).join('\n');
  assert.equal((await seller.api('POST', '/blacklist/import', lines, { 'content-type': 'text/plain' })).status, 200);
  await cost();
  const withRules = await cost();
  console.log(`an order: ${without.trips} trips, ${without.read} rows read, ${without.written} written; with 200 rules ${withRules.read} rows read`);
  assert.deepEqual([withRules.trips, withRules.written], [without.trips, without.written]);
  assert.ok(withRules.read - without.read <= 40, `${withRules.read} rows, ${without.read} without`);
  const { risk } = { risk: (await seller.api('GET', `/orders/${(await seller.api('GET', '/orders')).body[0].id}/risk`)).body };
  assert.equal(risk.rules.length, 200);
});

test('a payment without a product is judged as well', async () => {
  const made = await seller.api('POST', '/blacklist', { blacklist_type: 1, blocked_data: '*@vanishes.example' });
  const link = await makeLink(seller, { email: 'eve@vanishes.example' });
  const answer = await start(shop, link);
  assert.equal(answer.status, 403);
  assert.match(await answer.text(), /This order can/);
  await seller.api('DELETE', `/blacklist/${made.body.id}`);
});
