// A shop of very many accounts, minute by minute, over the real module and its real SQL: what falls due in a minute is made to,
// cron runs, and what it read and left is looked at. `scale.test.mjs` runs it small, `bench/scale.mjs` with 100,000 accounts.
import { spent, startShop } from './harness.mjs';

const DAY = 86_400_000;
const RETENTION = 90 * DAY;
/** Logs of each account: those of one day, which fall due together, and younger ones. */
const LOGS = 10;
const YOUNG = 2;

/**
 * @param {object} options
 * @param {number} options.accounts
 * @param {number} options.minutes
 * @param {number} [options.busy] each account's daily share of everything, against a usual day's
 * @param {(minute: object) => void} [options.onMinute]
 * @returns {Promise<object[]>} of each minute {due, read, written, trips, left, ms}
 */
export async function simulate({ accounts, minutes, busy = 1, onMinute = () => {} }) {
  const shop = await startShop({ outbound: () => new Response('ok') });
  const run = (sql, ...args) => shop.db.prepare(sql).bind(...args).run();
  const count = async (sql, ...args) => (await shop.db.prepare(sql).bind(...args).first()).n;
  try {
    const seller = await shop.admin.createAccount();
    await seller.api('POST', '/webhooks/endpoints', { url: 'https://seller.example/hook', events: ['order:created'] });
    const { id } = await shop.db.prepare('SELECT id FROM accounts').first();
    await seed(run, accounts);
    // What a minute brings, of a day's: all logs of its accounts, fourteen kept answers an account, seven links, a notice.
    const share = Math.ceil((accounts / 1440) * busy);
    const due = { accounts: share, logs: share * LOGS, answers: 14 * share, links: 7 * share, notifications: share, nudges: 2 * share };
    const all = [];
    for (let minute = 0; minute < minutes; minute += 1) {
      await arrive(run, id, due, minute);
      const before = await shop.fetch('/healthz');
      const from = performance.now();
      await shop.cron();
      const ms = Math.round(performance.now() - from);
      const { trips, read, written } = spent(before, await shop.fetch('/healthz'));
      const now = Date.now();
      const left = {
        accounts: await count('SELECT COUNT(*) AS n FROM shops WHERE oldest_log_at < ?1', now - RETENTION),
        answers: await count('SELECT COUNT(*) AS n FROM idempotency WHERE created_at < ?1', now - DAY),
        links: await count('SELECT COUNT(*) AS n FROM payments WHERE started = 0 AND expires_at < ?1', now - DAY),
        notifications: await count('SELECT COUNT(*) AS n FROM notifications WHERE received_at < ?1', now - 30 * DAY),
        nudges: await count('SELECT COUNT(*) AS n FROM webhook_logs WHERE due_at <= ?1', now - 60_000),
      };
      all.push({ due, left, trips, read, written, ms });
      onMinute(all.at(-1));
    }
    return all;
  } finally {
    await shop.close();
  }
}

const numbers = (from, to) => `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})`;
const each = (count) => JSON.stringify(Array.from({ length: count }, (_, n) => n));

/** Accounts whose logs are all young yet. Ids from 1 on, which no real account has. */
async function seed(run, accounts) {
  const young = Date.now() - RETENTION + 5 * DAY;
  for (let from = 1; from <= accounts; from += 5_000) {
    const to = Math.min(from + 4_999, accounts);
    await run(
      `${numbers(from, to)} INSERT INTO shops (account_id, email, shop_name, webhook_secret, test, created_at, updated_at)
       SELECT i, i || '@example.com', 'Shop', 'x', 1, 0, 0 FROM n`,
    );
    await run(
      `${numbers(from, to)} INSERT INTO webhook_payloads (id, account_id, payload, last_seq)
       SELECT i * 100 + k.value, i, '{"id":"' || i || '"}', k.value + 1 FROM n, json_each(?1) AS k`,
      each(LOGS + YOUNG),
    );
    await run(
      `${numbers(from, to)}
       INSERT INTO webhook_logs (account_id, seq, id, event, subject_id, url, payload_id, response_code, created_at, updated_at)
       SELECT i, k.value + 1, 'log' || k.value, 'order:created', 'o' || k.value, 'https://seller.example/', i * 100 + k.value, 200, ${young} + k.value * 1000, 0
       FROM n, json_each(?1) AS k`,
      each(LOGS + YOUNG),
    );
  }
}

async function arrive(run, seller, due, minute) {
  const now = Date.now();
  const [from, to] = [minute * due.accounts + 1, (minute + 1) * due.accounts];
  await run(`UPDATE webhook_logs SET created_at = ?1 + seq WHERE account_id BETWEEN ?2 AND ?3 AND seq <= ${LOGS}`, now - RETENTION - 2 * DAY, from, to);
  await run('UPDATE shops SET oldest_log_at = ?1 WHERE account_id BETWEEN ?2 AND ?3', now - RETENTION - 2 * DAY, from, to);
  await run(
    `${numbers(1, due.answers)} INSERT INTO idempotency (account_id, key, request, status, body, created_at)
     SELECT i % 5000, 'm${minute}-' || i, 'r', 201, 'an answer', ?1 FROM n`,
    now - DAY - 1000,
  );
  await run(
    `${numbers(1, due.links)} INSERT INTO payments (account_id, id, title, value, currency, quantity, gateways, return_url, expires_at, created_at)
     SELECT i % 5000, printf('%08x%032x', ${minute}, i), 'Tea', 1, 'EUR', 1, '{"bitcoin":1}', 'https://seller.example/', ?1, 0 FROM n`,
    now - DAY - 1000,
  );
  await run(
    `${numbers(1, due.notifications)} INSERT INTO notifications (account_id, gateway, id, body, headers, received_at)
     SELECT i % 5000, 'stripe', 'm${minute}-' || i, '{}', '{}', ?1 FROM n`,
    now - 31 * DAY,
  );
  // Nudges that were lost.
  await run(`INSERT INTO webhook_payloads (account_id, payload, last_seq) VALUES (CAST(?1 AS INTEGER), '{}', 900000000)`, seller);
  await run(
    `${numbers(1, due.nudges)}
     INSERT INTO webhook_logs (account_id, seq, id, event, subject_id, url, payload_id, due_at, created_at, updated_at)
     SELECT CAST(?1 AS INTEGER), ${minute} * 10000 + i, 'm${minute}-' || i, 'order:created', 'o${minute}-' || i, 'https://seller.example/hook',
       (SELECT MAX(id) FROM webhook_payloads), ?2, ?2, ?2 FROM n`,
    seller,
    now - 120_000,
  );
}
