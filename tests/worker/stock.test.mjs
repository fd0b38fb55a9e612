// Tens of thousands of serials in the real D1, by the rows that it counts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { spent, startShop } from './harness.mjs';

let shop, seller;
before(async () => {
  shop = await startShop();
  seller = await shop.admin.createAccount();
});
after(() => shop.close());

const keysOf = (letter, count) => Array.from({ length: count }, (_, n) => `${letter}BCDE-FGHIJ-KLMNO-PQRST-${String(n).padStart(5, '0')}`).join('\n');
const product = (info) => ({
  title: 'Keys', description: 'd', price: '9.99', currency: 'EUR', gateways: ['stripe'], product_type: 2, stock_delimiter: '\n', info,
  unique_serials: true,
});

/** What `act` has asked of D1; answers carry the sum so far. → {trips, read, written, answer} */
async function counted(act) {
  const before = await seller.api('GET', '/orders');
  const answer = await act();
  return { ...spent(before, answer), answer };
}

test('a body full of keys is stock, in one round trip', async () => {
  // As many as a body of one mebibyte holds.
  const info = keysOf('A', 33_000);
  const { trips, written, answer } = await counted(() => seller.api('POST', '/products', product(info), { 'idempotency-key': 'k' }));
  assert.equal(answer.status, 201, answer.text.slice(0, 300));
  assert.equal(answer.body.stock, 33_000);
  assert.equal(answer.body.info, info);
  assert.equal(trips, 2, 'the look at the key, and the commit');
  assert.ok(written <= 2 * 33_000 + 10, `${written} rows were written: one for the serial, one for its index`);
  const path = `/products/${answer.body.id}`;
  assert.equal((await seller.api('GET', path)).body.info, info);
  const again = await seller.api('POST', '/products', product(info), { 'idempotency-key': 'k' });
  assert.deepEqual([again.text, again.headers.get('idempotent-replayed')], [answer.text, 'true']);

  const refused = await seller.api('POST', '/products', product(keysOf('A', 33_000)));
  assert.equal(refused.status, 400);
  assert.match(refused.body.errors[0], /^Info has serials that you have already: "ABCDE-FGHIJ-KLMNO-PQRST-00000" \(in stock of product [0-9a-f]{8}\), .* and more$/);
  const replaced = await counted(() => seller.api('PUT', path, { info: keysOf('B', 10_000) }));
  assert.deepEqual([replaced.answer.status, replaced.answer.body.stock, replaced.trips], [200, 10_000, 2]);
  assert.equal((await seller.api('GET', path)).body.info, keysOf('B', 10_000));
  assert.equal((await seller.api('DELETE', path)).status, 204);
});

test('a file of fifty thousand serials is stock, in two round trips', async () => {
  const path = `/products/${(await seller.api('POST', '/products', product('Z-1'))).body.id}`;
  const lines = keysOf('Y', 49_998).split('\n');
  const file = ['serial,note', ...lines.map((key) => `"${key}",x`), 'Z-1,again', '"bad\tone",'].join('\r\n');
  const headers = { 'content-type': 'text/csv', 'idempotency-key': 'file' };
  const put = () => seller.api('PUT', `${path}/serials`, file, headers);
  const { trips, read, written, answer } = await counted(put);
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.deepEqual(answer.body, { added: 49_998, duplicates: [50_000], refused: [{ line: 50_001, reason: 'has a control character (U+0009)' }], refused_count: 1 });
  assert.equal(trips, 3, 'the look at the key, what is there, and the commit');
  assert.ok(written <= 2 * 49_998 + 20, `${written} rows were written: one for the serial, one for its index`);
  // Each is looked up before and in the commit; what is in a JSON text counts as a row.
  assert.ok(read <= 8 * 50_000, `${read} rows were read`);
  const made = (await seller.api('GET', path)).body;
  assert.deepEqual([made.stock, made.info], [49_999, ['Z-1', ...lines].join('\n')]);
  const again = await put();
  assert.deepEqual([again.text, again.headers.get('idempotent-replayed')], [answer.text, 'true']);
  assert.equal((await seller.api('DELETE', path)).status, 204);
});

test('a list of products reads products, whatever they have in stock', async () => {
  for (let n = 0; n < 12; n++) {
    const made = await seller.api('POST', '/products', product(keysOf(String.fromCharCode(75 + n), 5_000)));
    assert.equal(made.status, 201, made.text.slice(0, 300));
  }
  const { trips, read, answer } = await counted(() => seller.api('GET', '/products?per_page=10'));
  assert.equal(trips, 1);
  // Ten products, and what the list's own arithmetic reads: 28 here, of 60,000 serials none.
  assert.ok(read <= 40, `${read} rows were read`);
  assert.equal(answer.headers.get('x-total-count'), '12');
  assert.deepEqual(answer.body.map(({ stock, info }) => [stock, info]), Array(10).fill([5_000, null]));
});
