// /orders: list and get.
import { batch, rows } from './db';
import type { C } from './env';
import { Failure } from './failure';
import { plain, wire } from './money';
import { links, wanted } from './paging';

/** What the wire shows, and no more. */
const COLUMNS = `id, product_id, email, ip_address, country_code, product_title, user_agent, value, quantity, currency, gateway,
  risk_level, status, delivered, crypto_value, crypto_address, crypto_received, crypto_confirmations, referral, usd_value,
  exchange_rate, coupon_id, custom, created_at, updated_at, rate_source, rate_at, late, paid_at, paid_value, refunded_value, wrong_currency,
  session_id, delivery, subtotal, downloads`;

const BY_ID = `SELECT ${COLUMNS} FROM orders WHERE account_id = ?1 AND id = ?2`;
const COUNT = 'SELECT COALESCE(MAX(seq), 0) AS total FROM orders WHERE account_id = ?1';
// Orders are never deleted, so that a page is a range of seq, however deep it lies.
const PAGE = `SELECT ${COLUMNS} FROM orders
  WHERE account_id = ?1 AND seq <= (SELECT MAX(seq) FROM orders WHERE account_id = ?1) - ?2
  ORDER BY seq DESC LIMIT ?3`;

interface Row {
  id: string;
  product_id: string;
  email: string | null;
  ip_address: string | null;
  country_code: string | null;
  product_title: string;
  user_agent: string | null;
  value: number;
  quantity: number;
  currency: string;
  gateway: string;
  risk_level: number;
  status: number;
  delivered: string | null;
  crypto_value: number;
  crypto_address: string;
  crypto_received: number;
  crypto_confirmations: number;
  referral: string | null;
  usd_value: number | null;
  exchange_rate: string | null;
  coupon_id: string | null;
  custom: string | null;
  created_at: number;
  updated_at: number;
  rate_source: string;
  rate_at: number;
  late: number;
  paid_at: number | null;
  paid_value: number;
  refunded_value: number;
  wrong_currency: number;
  session_id: string | null;
  delivery: string | null;
  subtotal: number | null;
  downloads: number;
}

export async function getOrder(c: C) {
  const [row] = await rows<Row>(c.env.DB.prepare(BY_ID).bind(c.var.account.id, c.req.param('id')));
  if (!row) throw Failure.notFound();
  return c.json(object(row));
}

export async function listOrders(c: C) {
  const { page, perPage } = wanted(c);
  const { DB } = c.env;
  const { id } = c.var.account;
  const [count, orders] = await batch(DB, DB.prepare(COUNT).bind(id), DB.prepare(PAGE).bind(id, (page - 1) * perPage, perPage));
  const total = Number(count?.[0]?.total);
  const pages = Math.ceil(total / perPage);
  c.header('x-total-pages', String(pages));
  c.header('x-total-count', String(total));
  c.header('x-current-page', String(page));
  c.header('x-items-per-page', String(perPage));
  c.header('link', links(c, page, perPage, pages));
  return c.json((orders as unknown as Row[]).map(object));
}

const NAMES: Record<string, string> = { bitcoin: 'Bitcoin' };
const COMPLETED = 100;
const REVERSED = 51;
const REFUNDED = 56;

/** The reference's order object, field for field. */
function object(row: Row) {
  return {
    id: row.id,
    product_id: row.product_id,
    email: row.email,
    ip_address: row.ip_address,
    country_code: row.country_code,
    product_title: row.product_title,
    user_agent: row.user_agent,
    value: wire(row.value, row.currency),
    quantity: row.quantity,
    currency: row.currency,
    gateway: NAMES[row.gateway],
    risk_level: row.risk_level,
    status: row.status,
    delivered: row.status === COMPLETED ? row.delivered : null,
    crypto_value: row.crypto_value,
    crypto_address: row.crypto_address,
    crypto_channel: null,
    crypto_received: row.crypto_received,
    crypto_confirmations: row.crypto_confirmations,
    referral: row.referral,
    usd_value: row.usd_value === null ? null : wire(row.usd_value, 'USD'),
    exchange_rate: row.exchange_rate === null ? null : plain(row.exchange_rate),
    coupon_id: row.coupon_id,
    custom: row.custom === null ? {} : JSON.parse(row.custom),
    created_at: time(row.created_at),
    updated_at: time(row.updated_at),
    rate_source: row.session_id === null ? row.rate_source : null,
    rate_at: row.session_id === null ? time(row.rate_at) : null,
    exceptions: exceptions(row),
    delivery: row.delivery,
    subtotal: row.subtotal === null ? null : wire(row.subtotal, row.currency),
    discount: row.subtotal === null ? null : wire(row.subtotal - row.value, row.currency),
    downloads: row.downloads,
  };
}

/** What a seller may want to look at. */
function exceptions(row: Row): string[] {
  const { crypto_value: value, crypto_received: received, status } = row;
  const paid = row.paid_at !== null;
  const all: [string, boolean][] = [
    ['late', row.late === 1],
    ['underpaid', paid && received < value && status === COMPLETED],
    ['overpaid', received > value || (paid && row.paid_value > row.value)],
    ['partially_refunded', row.refunded_value > 0 && status !== REFUNDED],
    ['wrong_currency', row.wrong_currency === 1],
    ['vanished', status === REVERSED && row.session_id === null],
  ];
  return all.filter(([, holds]) => holds).map(([word]) => word);
}

const time = (ms: number) => new Date(ms).toISOString().replace('Z', '+00:00');
