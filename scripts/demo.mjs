// The demo shop of `npm start`: one product of each type with a picture, two categories, a coupon and three feedbacks. It is made through
// the API, as any seller's client would, on the first start and again where its database was removed.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { Halt, root } from './shell.mjs';

const shop = {
  slug: 'demo',
  description: 'Four things to try a purchase with, one of each kind. Nothing here costs real money: **all coins are simulated**.',
  accent_color: '#0b6e5f',
};

const products = [
  {
    picture: 'key.jpg',
    fields: {
      title: 'Licence key',
      description: 'A key for the example app. **One key, one seat**, yours for good.\n\n- works offline\n- free updates for a year',
      price: '12.00',
      product_type: 2,
      stock_delimiter: '\n',
      info: Array.from({ length: 40 }, (_, n) => `DEMO-${String(1001 + n * 7)}-${String(9001 + n * 13)}`).join('\n'),
      maximum_quantity: 5,
      volume_discounts: [{ quantity: 3, percent: '10' }],
      stock_warning: 5,
    },
    feedback: [5, 'Key arrived at once.'],
  },
  {
    picture: 'book.jpg',
    fields: {
      title: 'Field guide',
      description: 'A small guide as a file, to read on any device.',
      price: '4.50',
      product_type: 1,
    },
    file: ['field-guide.txt', `A field guide to this demo\n\n${'Every file that a seller uploads is kept in R2 and served to its buyers alone.\n'.repeat(40)}`],
    feedback: [4, 'Short and good. A PDF would be nice too.'],
  },
  {
    picture: 'server.jpg',
    fields: {
      title: 'Server for an hour',
      description: 'The seller’s own server makes the goods when you have paid: here a name and a password.',
      price: '0.90',
      product_type: 3,
    },
    dynamic: true,
  },
  {
    picture: 'brush.jpg',
    fields: {
      title: 'Logo sketch',
      description: 'Three sketches by hand. Tell us what for; we answer within two days.',
      price: '60.00',
      product_type: 4,
      stock_amount: 10,
      info: 'Thank you! We begin with your sketches and write to you within two days.',
      custom: [
        { name: 'What is it for?', type: 'text', required: true },
        { name: 'Style', type: 'select', required: true, options: ['Plain', 'Playful', 'Surprise me'] },
      ],
    },
    feedback: [5, 'Lovely lines, and so fast.'],
  },
];

/** Makes what is missing, and answers the shop's path and how to end the server of the dynamic product (`close`). */
export async function demoShop(url, { email, api_key }) {
  const ask = client(`${url}/api/v2`, `Basic ${Buffer.from(`${email}:${api_key}`).toString('base64')}`);
  const goods = await dynamicServer();
  try {
    const known = await ask('GET', '/products');
    if (known.length === 0) await makeAll(ask, goods.url);
    else await pointToServer(ask, known, goods.url);
    return { ...goods, path: `/shop/${(await ask('GET', '/account')).shop.slug}` };
  } catch (error) {
    goods.close();
    throw error;
  }
}

function client(base, authorization) {
  return async (method, place, body, headers = {}) => {
    const json = body !== undefined && !headers['content-type'];
    const answer = await fetch(base + place, {
      method,
      headers: { authorization, ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
      body: json ? JSON.stringify(body) : body,
    });
    const said = await answer.text();
    if (!answer.ok) throw new Halt(`The demo shop could not be made: ${method} ${place} answered ${answer.status} ${said}`);
    return said ? JSON.parse(said) : null;
  };
}

async function makeAll(ask, dynamicUrl) {
  await ask('PUT', '/account', { shop });
  const ids = [];
  for (const { picture, fields, file, dynamic, feedback } of products) {
    const { id } = await ask('POST', '/products', {
      currency: 'USD',
      gateways: ['bitcoin', 'litecoin', 'ethereum'],
      ...fields,
      ...(dynamic ? { dynamic_url: dynamicUrl } : {}),
    });
    await ask('PUT', `/products/${id}/image?filename=${picture}`, await readFile(path.join(root, 'scripts', 'demo', picture)), { 'content-type': 'image/jpeg' });
    if (file) await ask('PUT', `/products/${id}/file?filename=${file[0]}`, file[1], { 'content-type': 'text/plain' });
    ids.push(id);
    if (feedback) await sell(ask, id, fields, feedback);
  }
  await ask('POST', '/categories', { title: 'Downloads', product_ids: ids.slice(0, 2), unlisted: false });
  await ask('POST', '/categories', { title: 'Made for you', product_ids: ids.slice(2), unlisted: false });
  await ask('POST', '/coupons', { code: 'DEMO10', discount_type: 'percent', discount: '10' });
}

/** A paid order, and what its buyer says of it. */
async function sell(ask, product_id, { custom }, [stars, comment]) {
  const answers = custom?.map(({ options }) => options?.[0] ?? 'An example');
  const order = await ask('POST', '/pay', { product_id, gateway: 'Bitcoin', email: 'buyer@example.com', white_label: true, ...(answers ? { custom: answers } : {}) });
  await ask('POST', '/test/payments', { order_id: order.id, kind: 'exact' });
  await ask('POST', '/test/blocks', { count: 6 });
  await ask('POST', '/feedbacks', { order_id: order.id, stars, comment });
}

/** The port is another one at each start. */
async function pointToServer(ask, known, dynamicUrl) {
  const dynamic = known.find(({ product_type, title }) => product_type === 3 && products.some(({ fields }) => fields.title === title));
  if (dynamic) await ask('PUT', `/products/${dynamic.id}`, { dynamic_url: dynamicUrl });
}

/** What a seller's own server would be: it answers each order with goods of its own, and the same order with the same. */
async function dynamicServer() {
  const server = createServer((request, response) => {
    const key = String(request.headers['idempotency-key'] ?? '');
    request.resume().on('end', () => {
      response.writeHead(request.method === 'POST' && key ? 200 : 400, { 'content-type': 'text/plain' });
      response.end(key ? `Server: demo-${key.slice(0, 8)}.example.com\nPassword: ${Buffer.from(key).toString('base64url').slice(0, 16)}` : 'No Idempotency-Key');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/goods`, close: () => server.close() };
}
