// Money that comes after the price ran out: the same for every coin.
import assert from 'node:assert/strict';
import { makeLink, start } from '../worker/checkout.mjs';
import { written } from './coins.mjs';

/** From here on the shop has another rate. */
export function latePayment(scene) {
  const { coin, node, test, send } = scene;
  const { value } = coin;
  test('quotes no stale rate, and takes late money for what it is worth when it comes', async () => {
    const [enough, worthLess] = [await scene.order(), await scene.order()];
    await scene.expire(enough);
    // A look between the two would see nothing, and the next one comes a minute later.
    await send(enough.address, enough.value);
    await scene.anHourPasses(enough);
    await enough.is(54);
    scene.rates.down = new Set(['coinbase', 'coingecko']);
    await scene.agedRates(16);
    const refused = await start(scene.shop, await makeLink(scene.seller, { gateway: coin.gateway }));
    assert.deepEqual([refused.status, Number(refused.headers.get('retry-after')) > 0], [503, true]);
    await scene.expire(worthLess);
    await send(worthLess.address, value);
    await scene.anHourPasses(worthLess);
    await scene.looks();
    assert.equal((await worthLess.read()).status, 0, 'what it is worth is not known');

    scene.rates.usd = String(coin.usd * 0.8);
    scene.rates.down.clear();
    await scene.anHourPasses(worthLess);
    const { crypto_value: asked } = await worthLess.is(53);
    assert.equal(asked, value * 1.25, 'ten dollars at the new rate');
    assert.ok((await worthLess.page()).includes(`${written(coin, value * 0.25)} more`));
    await send(worthLess.address, value * 0.25);
    await worthLess.is(54);
    await node.mine(coin.confirmations);
    for (const one of [enough, worthLess]) assert.deepEqual((await one.is(100)).exceptions, ['late']);
  });
}
