// Real coins on a real chain: what buyers, miners and thieves do, and what becomes of the orders. One set of cases for each coin
// whose daemon is of Bitcoin's kind.
import assert from 'node:assert/strict';
import { makeLink, orderId, start } from '../worker/checkout.mjs';
import { firstAddresses, respelled, written, zpub } from './coins.mjs';
import { latePayment } from './late_payment.mjs';
import { onRealChain, paidOnce } from './scene.mjs';

export const regtest = (coin) =>
  onRealChain(coin, [
    ['with payers of all kinds', payers],
    ['with chains and explorers of all kinds', chains],
  ]);

function payers(scene) {
  const { coin, node, pay, test } = scene;
  const { value } = coin;

  test('shows the first addresses of a key, however it is spelled, as the node derives them', async () => {
    const { seller } = scene;
    for (const [version, script] of Object.entries(coin.keys)) {
      const key = respelled(zpub, version);
      const answer = await seller.api('PUT', '/account', { gateways: { [coin.gateway.toLowerCase()]: { xpub: key } } });
      assert.equal(answer.status, 200, answer.text);
      const { addresses } = answer.body.gateways[coin.gateway.toLowerCase()];
      assert.deepEqual(addresses, await firstAddresses(node, key, script), `${key.slice(0, 4)}: ${script}`);
      assert.ok(!answer.text.includes(key));
    }
  });

  test('gives no price without a rate, and then the second source’s', async () => {
    scene.rates.down = new Set(['coinbase', 'coingecko']);
    const link = await makeLink(scene.seller, { gateway: coin.gateway });
    const refused = await start(scene.shop, link);
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    assert.match(await refused.text(), /No price right now/);
    const white = await scene.seller.api('POST', '/pay', { title: 'Tea', currency: 'USD', value: '3', gateway: coin.gateway, white_label: true });
    assert.deepEqual([white.status, Number(white.headers.get('retry-after')) > 0], [503, true]);
    assert.deepEqual((await scene.seller.api('GET', '/orders')).body, []);

    scene.rates.down = new Set(['coinbase']);
    assert.equal((await start(scene.shop, link)).status, 303);
    const { rate_source: source, crypto_value: asked, crypto_index: index } = await scene.shop.db
      .prepare('SELECT rate_source, crypto_value, crypto_index FROM orders WHERE id = ?1')
      .bind(orderId(link))
      .first();
    assert.deepEqual([source, asked], ['coingecko', value]);
    assert.equal(index, 0, 'a refused start used up no address');
  });

  test('is paid after 0, 1, 3 or 6 confirmations, as the link asks', async () => {
    const needed = [0, 1, 3, 6];
    const orders = await Promise.all(needed.map((confirmations) => scene.order({ confirmations })));
    assert.equal(new Set(orders.map(({ address }) => address)).size, 4, 'each has an address of its own');
    for (const { address, value } of orders) await node.pay(address, value);
    for (let confirmations = 0; confirmations <= 6; confirmations += 1) {
      if (confirmations > 0) await node.mine(1);
      for (const [n, needs] of needed.entries()) {
        if (confirmations < needs) await orders[n].is(54, confirmations);
        if (confirmations === needs) await orders[n].is(100, confirmations);
      }
      if (confirmations === 0) assert.match(await orders[2].page(), /Payment seen Waiting for the first confirmation/);
      if (confirmations === 2) assert.match(await orders[2].page(), /2 of 3 confirmations/);
    }
    assert.match(await orders[3].page(), /Payment complete Regtest books has received /);
    assert.ok((await orders[3].page()).includes(`has received ${written(coin, value)}`));
    assert.deepEqual(await orders[0].told(3), ['order:created 0', 'order:paid 100', 'order:updated 100']);
    for (const one of orders.slice(1)) assert.deepEqual(await one.told(4), paidOnce);
  });

  test('adds up parts, takes more than enough, and a hair less', async () => {
    const [parts, more, almost, less] = [await scene.order(), await scene.order(), await scene.order(), await scene.order()];
    const forgiven = (value / 1000) * 5; // half a percent
    await node.pay(parts.address, value * 0.4);
    await node.pay(more.address, value * 1.25);
    await node.pay(almost.address, value - forgiven);
    await node.pay(less.address, value - forgiven - 1);
    await parts.is(53);
    await less.is(53);
    assert.ok((await parts.page()).includes(`Send ${written(coin, value * 0.6)} more`));
    await node.pay(parts.address, value * 0.6);
    for (const one of [parts, more, almost]) await one.is(54);
    await node.mine(coin.confirmations);
    for (const one of [parts, more, almost]) await one.is(100, coin.confirmations);
    assert.equal((await parts.read()).crypto_received, value);
    assert.deepEqual([(await more.read()).crypto_received, (await more.read()).exceptions], [value * 1.25, ['overpaid']]);
    assert.ok((await more.page()).includes(`You sent ${written(coin, value * 0.25)} too much`));
    await node.pay(less.address, value * 0.05);
    await less.is(54);
    await node.mine(coin.confirmations);
    await less.is(100);
    assert.deepEqual(await parts.told(5), [...paidOnce, 'order:updated 53'].sort());
    assert.deepEqual(await more.told(4), paidOnce);
  });

  latePayment(scene);

  test('stays as it is when the buyer raises the fee, and is paid once', async () => {
    const one = await scene.order();
    const old = await node.pay(one.address, one.value);
    await one.is(54);
    const bumped = await node.bump(old);
    const seen = [];
    for (let look = 0; look < 10; look += 1) {
      seen.push((await one.read()).status);
      await scene.looks(0.4);
    }
    assert.deepEqual([...new Set(seen)], [54], 'it never flickers');
    assert.match(await one.page(), new RegExp(bumped));
    assert.doesNotMatch(await one.page(), new RegExp(old));
    await node.mine(coin.confirmations);
    const { crypto_received: received } = await one.is(100, coin.confirmations);
    assert.equal(received, one.value);
    assert.deepEqual(await one.told(4), paidOnce);
  });

  test('is unpaid again when the coins go elsewhere, and can be paid after all', async () => {
    const one = await scene.order();
    await node.doubleSpend(await pay(one));
    await one.is(0, 0);
    assert.match(await one.page(), /Waiting for payment/);
    assert.equal((await one.read()).crypto_received, 0);
    await pay(one);
    await node.mine(coin.confirmations);
    await one.is(100, coin.confirmations);
    assert.deepEqual(await one.told(6), [...paidOnce, 'order:updated 0', 'order:updated 54'].sort());
  });

  test('takes coins of a wallet with wrapped addresses', async () => {
    const wrapped = await scene.order({}, await scene.openAccount({ xpub: coin.wrapped.xpub }));
    assert.match(wrapped.address, coin.wrapped.address);
    await pay(wrapped);
    await node.mine(coin.confirmations);
    await wrapped.is(100, coin.confirmations);
  });

  // The last one: what hangs goes on to hang for eight seconds after the explorer is well again.
  test('notices a payment although the explorer it asks first never answers', async () => {
    const one = await scene.order();
    one.explorers[0].faults.hang = true;
    await node.pay(one.address, one.value);
    await one.is(54, 0, 25);
  });
}

function chains(scene) {
  const { coin, node, pay, test } = scene;

  test('loses confirmations with a block that is taken back, and has them again when it returns', async () => {
    const [open, paid] = [await scene.order({ confirmations: 3 }), await scene.order({ confirmations: 1 })];
    await Promise.all([pay(open), pay(paid)]);
    await node.mine(2);
    await open.is(54, 2);
    await paid.is(100);
    await node.invalidateTip(2);
    await open.is(54, 0);
    assert.equal((await paid.read()).status, 100, 'what was paid stays paid');
    await node.reconsider();
    await open.is(54, 2);
    await node.mine(1);
    await open.is(100, 3);
    for (const one of [open, paid]) assert.deepEqual(await one.told(4), paidOnce);
  });

  test('is unpaid again when a longer chain has the coins go elsewhere; what was paid is reversed, and completed again', async () => {
    const [open, paid] = [await scene.order({ confirmations: 3 }), await scene.order({ confirmations: 1 })];
    const stolen = [await pay(open), await pay(paid)];
    await node.mine(1);
    await open.is(54, 1);
    await paid.is(100);
    await node.invalidateTip(1);
    for (const txid of stolen) await node.doubleSpend(txid);
    await node.mine(2);
    await open.is(0, 0);
    await scene.looks();
    assert.equal((await paid.read()).status, 100, 'what is paid is looked at once an hour');
    await scene.anHourPasses(paid);
    const vanished = await paid.is(51, 0);
    assert.deepEqual(vanished.exceptions, ['vanished']);
    assert.match(await paid.page(), /Payment vanished/);
    assert.deepEqual(await open.told(3), ['order:created 0', 'order:updated 0', 'order:updated 54']);
    assert.deepEqual(await paid.told(5), [...paidOnce, 'order:updated 51'].sort());
    await node.pay(paid.address, paid.value);
    await node.mine(1);
    await scene.anHourPasses(paid);
    await paid.is(100, 1);
    assert.match(await paid.page(), /Payment complete/);
    const told = await paid.told(6);
    assert.equal(told.filter((event) => event.startsWith('order:paid')).length, 1, 'nobody is told twice that it is paid');
  });

  const faults = {
    'is down': { status: 500 },
    'talks nonsense': { body: '<html>It works!</html>' },
    'answers another shape': { body: { error: 'none of your business' } },
    'answers without end': { hugeBytes: 8 << 20 },
    'is slow': { delayMs: 1000 },
  };
  for (const [what, fault] of Object.entries(faults)) {
    test(`notices a payment although the explorer it asks first ${what}`, async () => {
      const one = await scene.order();
      Object.assign(one.explorers[0].faults, fault);
      await node.pay(one.address, one.value);
      await one.is(54, 0, 25);
      assert.deepEqual(await one.told(2), ['order:created 0', 'order:updated 54']);
    });
  }

  test('changes nothing while no explorer answers, and catches up when one does', async () => {
    const [unpaid, seen] = [await scene.order({ confirmations: 1 }), await scene.order({ confirmations: 1 })];
    await pay(seen);
    for (const explorer of scene.explorers) explorer.faults.status = 503;
    await node.pay(unpaid.address, unpaid.value);
    await node.mine(1);
    await scene.looks(5);
    assert.deepEqual([(await unpaid.read()).status, (await seen.read()).status], [0, 54]);
    assert.match(await seen.page(), /Payment seen/);
    scene.explorers[1].heal();
    await Promise.all([unpaid.is(100), seen.is(100)]);
    assert.deepEqual(await seen.told(4), paidOnce);
  });

  test('does not call a payment gone because one explorer has not heard of it', async () => {
    const one = await scene.order();
    await pay(one);
    Object.assign(one.explorers[0].faults, { body: [], only: '/txs' });
    await scene.looks();
    assert.equal((await one.read()).status, 54);
    await node.mine(coin.confirmations);
    await one.is(100);
  });

  test('does not call a payment gone on the word of one explorer while the other can’t be asked', async () => {
    const one = await scene.order();
    await pay(one);
    Object.assign(one.explorers[0].faults, { body: [], only: '/txs' });
    one.explorers[1].faults.status = 500;
    await scene.looks();
    assert.equal((await one.read()).status, 54);
  });
}
