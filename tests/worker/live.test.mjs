// Live pages: WebSockets through the order's Durable Object.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startShop, until } from './harness.mjs';
import { makeLink, openOrder, play } from './checkout.mjs';

let shop, seller;
before(async () => {
  shop = await startShop();
  seller = await shop.admin.createAccount();
});
after(() => shop.close());

const upgrade = (path) => shop.mf.dispatchFetch(new URL(path, shop.url), { headers: { upgrade: 'websocket' } });

/** → {heard: what came, say(text), close()} */
async function listen(link) {
  const answer = await upgrade(`${link.path}/live`);
  assert.equal(answer.status, 101);
  const socket = answer.webSocket;
  const heard = [];
  socket.addEventListener('message', ({ data }) => heard.push(data));
  socket.accept();
  return { heard, say: (text) => socket.send(text), close: () => socket.close(1000) };
}

const hears = (page, count = 1) => until(`${count} messages (there are ${page.heard.length})`, () => page.heard.length >= count);

test('an open page is told when its order is seen, and again when it is paid', async () => {
  const order = await openOrder(shop, seller);
  const page = await listen(order);
  await play(seller).pay(order);
  await hears(page, 1);
  await play(seller).mine(1, order);
  await hears(page, 2);
  assert.deepEqual(page.heard, ['changed', 'changed']);
  page.close();
});

test('a ping is answered with a pong', async () => {
  const page = await listen(await openOrder(shop, seller));
  page.say('ping');
  await hears(page);
  assert.deepEqual(page.heard, ['pong']);
  page.say('something else');
  page.say('ping');
  await hears(page, 2);
  assert.deepEqual(page.heard, ['pong', 'pong']);
  page.close();
});

test('all pages of an order are told, those of another are not, and one that was closed harms nobody', async () => {
  const [order, other] = [await openOrder(shop, seller), await openOrder(shop, seller)];
  const [first, second, closed, stranger] = [await listen(order), await listen(order), await listen(order), await listen(other)];
  closed.close();
  await play(seller).pay(order);
  await Promise.all([hears(first), hears(second)]);
  assert.deepEqual([first.heard, second.heard, closed.heard, stranger.heard], [['changed'], ['changed'], [], []]);
  for (const page of [first, second, stranger]) page.close();
});

test('a change that changes nothing is not told', async () => {
  const order = await openOrder(shop, seller);
  const page = await listen(order);
  await play(seller).doubleSpend(order); // there is nothing to take away
  page.say('ping');
  await hears(page);
  assert.deepEqual(page.heard, ['pong']);
  page.close();
});

test('only whoever has the link may listen', async () => {
  const { path, id } = await openOrder(shop, seller);
  const another = await makeLink(seller);
  const token = path.split('/')[3];
  const flipped = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
  for (const wrong of [`/pay/${id}/${flipped}/live`, `/pay/${another.id}/${token}/live`, `/pay/${id}/x/live`, `/pay/${id}/live`]) {
    assert.equal((await upgrade(wrong)).status, 404, wrong);
  }
});

test('without an upgrade it says that one is needed', async () => {
  const { path } = await openOrder(shop, seller);
  assert.equal((await shop.fetch(`${path}/live`)).status, 426);
});

test('a page more than fifty is turned away, and comes in when another has left', async () => {
  const order = await openOrder(shop, seller);
  const pages = await Promise.all(Array.from({ length: 50 }, () => listen(order)));
  assert.equal((await upgrade(`${order.path}/live`)).status, 429);
  pages.pop().close();
  await until('a place', async () => {
    const answer = await upgrade(`${order.path}/live`);
    answer.webSocket?.accept();
    answer.webSocket?.close();
    return answer.status === 101;
  });
  for (const page of pages) page.close();
});
