// The floor: what an answer costs whoever writes it. The statements that nobody can do without, and bytes of the same shape.
// There is no one to let in, nothing to check, and nothing is signed: it is no desk, only a measure.
const columns = `id, product_id, email, ip_address, country_code, product_title, user_agent, value, quantity, currency, gateway, risk_level,
  status, delivered, crypto_value, crypto_address, crypto_received, crypto_confirmations, referral, usd_value, exchange_rate,
  coupon_id, custom, created_at, updated_at, rate_source, rate_at, paid_at,
  delivery, subtotal, downloads`;
const byId = `SELECT ${columns} FROM orders WHERE account_id = ?1 AND id = ?2`;
const count = 'SELECT MAX(seq) AS total FROM orders WHERE account_id = ?1';
const range = `SELECT ${columns} FROM orders WHERE account_id = ?1 AND seq <= (SELECT MAX(seq) FROM orders WHERE account_id = ?1) - ?2
  ORDER BY seq DESC LIMIT ?3`;
const insert = `INSERT INTO payments (account_id, id, title, email, value, currency, quantity, gateways, return_url,
  webhook_url, custom, expires_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, json_object('bitcoin', CAST(?7 AS INTEGER)), ?8, ?9, ?10, ?11, ?12)`;

const month = 30 * 86_400_000;
const tag = 'A'.repeat(43); // as long as a signature

const used = { trips: 0, read: 0, written: 0 };
let account, shop;

export default {
  async fetch(request, env) {
    if (!account) ({ id: account, shop } = await env.DB.prepare('SELECT id, shop_name AS shop FROM accounts JOIN shops ON account_id = id').first());
    const { pathname, searchParams } = new URL(request.url);
    const [, first, second, third, fourth] = pathname.split('/');
    if (first === 'healthz') return json(200, { status: 'ok', version: '0.1.0', data: null });
    if (first === 'pay') return page(second, third);
    if (third === 'pay') return pay(await request.json(), env);
    return fourth ? order(fourth, env) : list(Number(searchParams.get('page')), Number(searchParams.get('per_page')), request.url, env);
  },
};

async function order(id, { DB }) {
  const answer = await DB.prepare(byId).bind(account, id).all();
  counted(answer);
  return json(200, shape(answer.results[0]));
}

async function list(page, perPage, url, { DB }) {
  const [total, orders] = counted(...(await DB.batch([
    DB.prepare(count).bind(account),
    DB.prepare(range).bind(account, (page - 1) * perPage, perPage),
  ])));
  const items = total.results[0].total;
  const pages = Math.ceil(items / perPage);
  const base = url.split('?')[0];
  const link = (rel, page) => `<${base}?page=${page}&per_page=${perPage}>; rel="${rel}"`;
  const links = [link('first', 1)];
  if (page > 1) links.push(link('prev', page - 1));
  if (page < pages) links.push(link('next', page + 1));
  links.push(link('last', pages));
  return json(200, orders.results.map(shape), {
    'x-total-pages': pages,
    'x-total-count': items,
    'x-current-page': page,
    'x-items-per-page': perPage,
    link: links.join(', '),
  });
}

async function pay(body, { DB, PUBLIC_URL }) {
  const id = crypto.getRandomValues(new Uint8Array(20)).toHex();
  const now = Date.now();
  const minor = Math.round(body.value * 100);
  counted(await DB.prepare(insert).bind(account, id, body.title, body.email, minor, body.currency, body.confirmations, body.return_url,
    body.webhook_url, JSON.stringify(body.custom), now + month, now).all());
  const link = [account, 'DB', true, shop, body.title, minor, body.currency, 1, 'bitcoin', false, new URL(body.return_url).origin, now + month];
  const contents = new TextEncoder().encode(JSON.stringify(link)).toBase64({ alphabet: 'base64url', omitPadding: true });
  return json(201, { url: `${PUBLIC_URL}/pay/${id}/bench.${contents}.${tag}` });
}

function shape(row) {
  return {
    id: row.id,
    product_id: row.product_id,
    email: row.email,
    ip_address: row.ip_address,
    country_code: row.country_code,
    product_title: row.product_title,
    user_agent: row.user_agent,
    value: money(row.value),
    quantity: row.quantity,
    currency: row.currency,
    gateway: 'Bitcoin',
    risk_level: row.risk_level,
    status: row.status,
    delivered: row.delivered,
    crypto_value: row.crypto_value,
    crypto_address: row.crypto_address,
    crypto_channel: null,
    crypto_received: row.crypto_received,
    crypto_confirmations: row.crypto_confirmations,
    referral: row.referral,
    usd_value: money(row.usd_value),
    exchange_rate: row.exchange_rate.includes('.') ? row.exchange_rate : `${row.exchange_rate}.0`,
    coupon_id: row.coupon_id,
    custom: row.custom ? JSON.parse(row.custom) : {},
    created_at: time(row.created_at),
    updated_at: time(row.updated_at),
    rate_source: row.rate_source,
    rate_at: time(row.rate_at),
    // Of the rows that are here nothing else is out of the ordinary.
    exceptions: row.paid_at && row.crypto_received < row.crypto_value ? ['underpaid'] : [],
    delivery: row.delivery,
    subtotal: row.subtotal && money(row.subtotal),
    discount: row.subtotal && money(row.subtotal - row.value),
    downloads: row.downloads,
  };
}

function money(minor) {
  const text = String(minor / 100);
  return text.includes('.') ? text : `${text}.0`;
}

function time(ms) {
  return new Date(ms).toISOString().replace('Z', '+00:00');
}

function page(id, token) {
  const contents = Uint8Array.fromBase64(token.split('.')[1], { alphabet: 'base64url' });
  const [, , , shop, title, minor, currency, , , , origin] = JSON.parse(new TextDecoder().decode(contents));
  const price = `${(minor / 100).toFixed(2)} ${currency}`;
  const text = (raw) => raw.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const html = `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"><meta name="color-scheme" content="light dark"><meta name="theme-color" content="#f4f5f7" media="(prefers-color-scheme: light)"><meta name="theme-color" content="#0e1116" media="(prefers-color-scheme: dark)"><meta name="robots" content="noindex, nofollow"><meta name="referrer" content="no-referrer"><meta name="format-detection" content="telephone=no, date=no, address=no, email=no"><title>Pay ${price} &middot; ${text(shop)}</title><link rel="icon" href="/pay/assets/icon.svg" type="image/svg+xml"><link rel="stylesheet" href="/pay/assets/style.css"><script src="/pay/assets/script.js" defer></script></head><body><header><p class="test"><strong>Test payment</strong> &ndash; no money moves</p><p class="top"><span class="tile" aria-hidden="true">${shop[0]}</span><strong>${text(shop)}</strong></p></header><main id="pay" data-revision="0-start" data-start><section class="summary" aria-label="Your order"><p class="item">${text(title)}</p><p class="price">${price}</p></section><div><section class="card" aria-labelledby="state"><div class="state"><h1 id="state" tabindex="-1">Pay with Bitcoin</h1><p>Next you get the exact amount and where to send it.</p></div><form method="post" action="/pay/${id}/${token}" data-swap><button class="button"><span class="flip"><span>Continue</span><span>One moment&hellip;</span></span></button></form><p class="hint center">Nothing is charged yet.</p></section></div></main><footer><svg class="shield" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2 20 5v7c0 4-3 8-8 10-5-2-8-6-8-10V5z"></path></svg> Checkout by PushGuard</footer><p class="unseen" id="say" role="status"></p><p id="trouble" role="alert" hidden></p></body></html>`;
  return answer(200, html, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'private, no-cache',
    'content-security-policy': `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self' ${origin}; base-uri 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  });
}

function json(status, value, headers) {
  return answer(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers });
}

function answer(status, body, headers) {
  return new Response(body, {
    status,
    headers: {
      ...headers,
      'x-request-id': crypto.randomUUID(),
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-d1-usage': `trips=${used.trips};read=${used.read};written=${used.written}`,
    },
  });
}

function counted(...answers) {
  used.trips++;
  for (const { meta } of answers) {
    used.read += meta.rows_read;
    used.written += meta.rows_written;
  }
  return answers;
}
