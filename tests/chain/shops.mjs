// Shops on real chains, and the cases that are the same whatever the coin. Most of a test's time is spent waiting for the next look
// at the chain. So there are several shops, each with a node of its own, and the tests of one run beside those of the others.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe } from 'node:test';
import { makeLink, start } from '../worker/checkout.mjs';
import { testUnless } from '../worker/harness.mjs';
import { written } from './coins.mjs';
import { openDesk } from './desk.mjs';

export const paidOnce = ['order:created 0', 'order:paid 100', 'order:updated 100', 'order:updated 54'];

/**
 * `shops`: [name, define, wallet], where `define(given)` defines a shop's tests, and the wallet is the coin's own unless one is given.
 * `given`: {coin, node, desk, seller, test, order(), send(), pay()}; desk and seller are there when a test runs.
 */
export async function onRealChain(coin, shops) {
  const nodes = await Promise.all(shops.map(() => coin.start({ log: (line) => console.log(line) })));
  const missing = nodes.find((node) => node.missing)?.missing;
  if (missing) console.error(`\n!!! THE TESTS OF ${coin.gateway.toUpperCase()} ARE SKIPPED: ${missing}\n`);
  describe(`shops on a real chain of ${coin.gateway}`, { concurrency: shops.length }, () => {
    for (const [n, [name, define, wallet]] of shops.entries()) shopOn({ coin, missing, node: nodes[n] }, `${coin.gateway}, ${name}`, define, wallet);
  });
}

function shopOn({ coin, missing, node }, name, define, wallet) {
  describe(name, { concurrency: 1 }, () => {
    const given = { coin, node, test: testUnless(missing) };
    before(async () => {
      if (missing) return;
      given.desk = await openDesk(coin, node);
      given.seller = await given.desk.openAccount(wallet);
    });
    afterEach(() => given.desk?.heal());
    after(async () => {
      await given.desk?.close();
      await node.stop?.();
    });
    given.order = (fields) => given.desk.order(given.seller, fields);
    /** So that it can be seen: of some coins only what is in a block is. */
    given.send = async (address, value) => {
      const txid = await node.pay(address, value);
      if (coin.seenInBlocks) await node.mine();
      return txid;
    };
    /** An order's payment, as far as it is seen. */
    given.pay = async (one) => {
      const txid = await given.send(one.address, one.value);
      await one.is(54);
      return txid;
    };
    define(given);
  });
}

/** From here on the shop has another rate. */
export function late(given) {
  const { coin, node, test, order, send } = given;
  const { value } = coin;
  test('quotes no stale rate, and takes late money for what it is worth when it comes', async () => {
    const { desk } = given;
    const [enough, worthLess] = [await order(), await order()];
    await desk.expire(enough);
    // A look between the two would see nothing, and the next one comes a minute later.
    await send(enough.address, enough.value);
    await desk.anHourPasses(enough);
    await enough.is(54);
    desk.rates.down = new Set(['coinbase', 'coingecko']);
    await desk.agedRates(16);
    const refused = await start(desk.shop, await makeLink(given.seller, { gateway: coin.gateway }));
    assert.deepEqual([refused.status, Number(refused.headers.get('retry-after')) > 0], [503, true]);
    await desk.expire(worthLess);
    await send(worthLess.address, value);
    await desk.anHourPasses(worthLess);
    await desk.looks();
    assert.equal((await worthLess.read()).status, 0, 'what it is worth is not known');

    desk.rates.usd = String(coin.usd * 0.8);
    desk.rates.down.clear();
    await desk.anHourPasses(worthLess);
    const { crypto_value: asked } = await worthLess.is(53);
    assert.equal(asked, value * 1.25, 'ten dollars at the new rate');
    assert.ok((await worthLess.page()).includes(`${written(coin, value * 0.25)} more`));
    await send(worthLess.address, value * 0.25);
    await worthLess.is(54);
    await node.mine(coin.confirmations);
    for (const one of [enough, worthLess]) assert.deepEqual((await one.is(100)).exceptions, ['late']);
  });
}
