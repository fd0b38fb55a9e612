// The same rows for all three. The account is made by our own API, and its rows are copied; the orders are computed in SQL
// from their seq, which is how a hundred thousand of them arrive in a second or two.
import { Halt } from '../scripts/shell.mjs';
import { adminToken } from './serve.mjs';

export const orderCount = 100_000;
const batch = 10_000;
const firstAt = Date.UTC(2026, 0, 1);

/** `company`: every hundredth order has the same e-mail. → {email, apiKey, accountId} */
export async function seed(targets, { orders: count = orderCount, company = false } = {}) {
  const ours = targets.find(({ name }) => name === 'ours');
  const answer = await fetch(`${ours.url}/admin/accounts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ email: 'seller@example.com', shop_name: 'Bench & Sons', test: true }),
  });
  if (answer.status !== 201) throw new Halt(`POST /admin/accounts answered ${answer.status}: ${await answer.text()}`);
  const { email, api_key: apiKey } = await answer.json();
  const { id: accountId } = await ours.db.prepare('SELECT id FROM accounts WHERE email = ?1').bind(email).first();
  await Promise.all(targets.map(async ({ name, db }) => {
    if (name !== 'ours') for (const table of ['accounts', 'shops', 'wallets']) await copy(table, ours.db, db);
    for (let from = 1; from <= count; from += batch) await db.prepare(orders(from, from + batch - 1, company)).bind(accountId).run();
  }));
  return { email, apiKey, accountId };
}

async function copy(table, from, to) {
  const { results } = await from.prepare(`SELECT * FROM ${table}`).all();
  for (const row of results) {
    const names = Object.keys(row);
    const places = names.map((_, n) => `?${n + 1}`);
    await to.prepare(`INSERT INTO ${table} (${names}) VALUES (${places})`).bind(...Object.values(row)).run();
  }
}

// The ids are scattered, as random ones are: the index by id must not be easier here than in life.
const scattered = 2_654_435_761;

/** The id of the order with this seq, as the statement below computes it. */
export function orderId(seq) {
  const hex = (number, digits) => number.toString(16).padStart(digits, '0');
  return `${hex((seq * scattered) % 2 ** 32, 8)}-${hex(seq % 65_536, 4)}-4${hex(seq % 4_096, 3)}-8000-${hex(seq, 12)}`;
}

function orders(from, to, company) {
  return `
    WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
    INSERT INTO orders (account_id, seq, id, revision, payment_id, product_id, product_title, email, ip_address, country_code,
      user_agent, referral, value, currency, quantity, gateway, confirmations_needed, status, delivered, usd_value, exchange_rate,
      crypto_value, crypto_address, crypto_index, crypto_received, crypto_confirmations, crypto_rate, rate_source, rate_at,
      quote_expires_at, custom, return_url, webhook_url, test, paid_at, created_at, updated_at)
    SELECT CAST(?1 AS INTEGER), i,
      printf('%08x-%04x-4%03x-8000-%012x', (i * ${scattered}) % 4294967296, i % 65536, i % 4096, i),
      3, printf('%040x', i), 'pay', 'A book, number ' || (i % 500), ${company ? "IIF(i % 100 = 3, 'company', 'buyer' || i)" : "'buyer' || i"} || '@example.com', '203.0.113.' || (i % 250),
      'SE', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', NULL,
      500 + i % 20000, CASE i % 2 WHEN 0 THEN 'USD' ELSE 'EUR' END, 1 + i % 3, 'bitcoin', 1,
      CASE i % 4 WHEN 0 THEN 0 WHEN 1 THEN 53 WHEN 2 THEN 54 ELSE 100 END, CASE i % 4 WHEN 3 THEN 'KEY-' || i END,
      500 + i % 20000, CASE i % 2 WHEN 0 THEN '1' ELSE '1.083425' END,
      10000 + i, printf('bcrt1q%038x', i), i, CASE i % 4 WHEN 0 THEN 0 ELSE 9000 + i END, i % 4,
      '50000', 'fixed', ${firstAt} + i * 1000, ${firstAt} + 1200000 + i * 1000,
      CASE i % 3 WHEN 0 THEN '{"0":"ada"}' END, 'https://seller.example/thanks', NULL, 1,
      CASE i % 4 WHEN 3 THEN ${firstAt} + i * 1000 END, ${firstAt} + i * 1000, ${firstAt} + i * 1000 + (i % 7) * 1000
    FROM n`;
}
