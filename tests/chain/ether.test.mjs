// Real ether on a real node: what buyers do, what becomes of the orders when blocks are replaced, and what a shop makes of nodes
// that are down, slow, behind, or on another chain.
import assert from 'node:assert/strict';
import { until } from '../worker/harness.mjs';
import { chainId, wei } from './anvil.mjs';
import { written } from './coins.mjs';
import { ether, firstAddresses, xpub } from './ether.mjs';
import { latePayment } from './late_payment.mjs';
import { onRealChain, paidOnce } from './scene.mjs';

const { value } = ether;
const address = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

await onRealChain(ether, [
  ['an address for each order, with payers of all kinds', payers],
  ['an address for each order, with chains and nodes of all kinds', chains],
  ['one address for all orders', oneAddress, { address, confirmations: 2 }],
]);

function payers(scene) {
  const { node, pay, test } = scene;

  test('shows the wallet’s first addresses, and asks for ether on this chain', async () => {
    const { addresses } = scene.seller.profile.gateways.ethereum;
    assert.deepEqual(addresses, firstAddresses);
    assert.ok(!JSON.stringify(scene.seller.profile).includes(xpub));
    // The address held something before it was this order's.
    await node.leave(firstAddresses[0], 123_456);
    const one = await scene.order();
    assert.deepEqual([one.address, one.value], [firstAddresses[0], value]);
    const html = await (await scene.shop.fetch(`${one.path}/order`)).text();
    assert.ok(html.includes(`ethereum:${one.address}@${chainId}?value=${wei(value)}`), 'EIP-681');
    assert.ok(html.includes(`(chain ${chainId})`));
    await scene.looks(3);
    assert.equal((await one.read()).status, 0, 'what was there before pays nothing');
    await pay(one);
    await node.mine();
    assert.equal((await one.is(100, 2)).crypto_received, value);
  });

  test('is paid after as many confirmations as the link asks, the payment’s own block being the first', async () => {
    const needed = [0, 1, 3, 6];
    const orders = await Promise.all(needed.map((confirmations) => scene.order({ confirmations })));
    assert.equal(new Set(orders.map((one) => one.address)).size, 4, 'each has an address of its own');
    for (const one of orders) await node.pay(one.address, one.value);
    await scene.looks(3);
    for (const one of orders) assert.equal((await one.read()).status, 0, 'what is in no block is not seen');
    for (let confirmations = 1; confirmations <= 6; confirmations += 1) {
      await node.mine();
      for (const [n, needs] of needed.entries()) {
        if (confirmations < needs) await orders[n].is(54, confirmations);
        if (confirmations === Math.max(needs, 1)) await orders[n].is(100, confirmations);
      }
      if (confirmations === 2) assert.match(await orders[2].page(), /2 of 3 confirmations/);
    }
    assert.ok((await orders[3].page()).includes(`has received ${written(ether, value)}`));
    for (const one of orders.slice(2)) assert.deepEqual(await one.told(4), paidOnce);
    assert.deepEqual(await orders[0].told(3), ['order:created 0', 'order:paid 100', 'order:updated 100']);
  });

  test('adds up parts, takes more than enough, and a hair less', async () => {
    const [parts, more, almost, less] = [await scene.order(), await scene.order(), await scene.order(), await scene.order()];
    const forgiven = (value / 1000) * 5; // half a percent
    await node.pay(parts.address, value * 0.4);
    await node.pay(more.address, value * 1.25);
    await node.pay(almost.address, value - forgiven);
    await node.pay(less.address, value - forgiven - 1);
    await node.mine();
    await parts.is(53);
    await less.is(53);
    assert.ok((await parts.page()).includes(`Send ${written(ether, value * 0.6)} more`));
    await node.pay(parts.address, value * 0.6);
    await node.mine();
    await parts.is(54);
    await node.mine();
    for (const one of [parts, more, almost]) await one.is(100);
    assert.equal((await parts.read()).crypto_received, value);
    assert.deepEqual([(await more.read()).crypto_received, (await more.read()).exceptions], [value * 1.25, ['overpaid']]);
    assert.ok((await more.page()).includes(`You sent ${written(ether, value * 0.25)} too much`));
    await node.pay(less.address, forgiven);
    await node.mine();
    await less.is(54);
    await node.mine();
    await less.is(100);
    assert.deepEqual(await parts.told(5), [...paidOnce, 'order:updated 53'].sort());
    assert.deepEqual(await more.told(4), paidOnce);
  });

  test('counts a payment once that is sent again with a higher fee', async () => {
    const one = await scene.order();
    await node.bump(await node.pay(one.address, one.value));
    await node.mine(2);
    assert.equal((await one.is(54, 1)).crypto_received, value, 'a balance is as old as the look that found it');
    await node.mine();
    await one.is(100, 2);
    assert.deepEqual(await one.told(4), paidOnce);
  });

  test('takes what a contract sends', async () => {
    const one = await scene.order();
    await node.payThroughContract(one.address, one.value);
    await node.mine();
    await one.is(54, 1);
    await node.mine();
    await one.is(100, 2);
  });

  test('stays paid when the seller moves the coins on', async () => {
    const one = await scene.order();
    await pay(one);
    await node.mine();
    await one.is(100, 2);
    await node.leave(one.address, 0);
    await node.mine();
    await scene.anHourPasses(one);
    await one.is(100, 3);
  });

  latePayment(scene);
}

function chains(scene) {
  const { node, pay, test } = scene;

  test('asks one question of one node at a look, however much was paid', async () => {
    const one = await scene.order();
    const asked = () => scene.explorers.map(({ batches }) => batches.length);
    const batches = async () => {
      const before = asked();
      await scene.looks(5);
      return scene.explorers.flatMap((proxy, n) => proxy.batches.slice(before[n]));
    };
    const view = ['eth_chainId', 'eth_getBalance'];
    for (const receipts of [0, 1, 2]) {
      const seen = await batches();
      assert.ok(seen.length >= 2);
      for (const methods of seen) assert.deepEqual(methods, [...view, ...Array(receipts).fill('eth_getBalance'), 'eth_blockNumber']);
      await node.pay(one.address, value * 0.1);
      await node.mine();
      await until('the next part', async () => (await one.read()).crypto_received === value * 0.1 * (receipts + 1));
    }
  });

  test('loses a payment with the block that it was in, and has it again when it is mined again', async () => {
    const one = await scene.order();
    await pay(one);
    await node.reorg(1);
    await one.is(0, 0);
    assert.match(await one.page(), /Waiting for payment/);
    await pay(one);
    await node.mine();
    await one.is(100, 2);
    assert.deepEqual(await one.told(6), [...paidOnce, 'order:updated 0', 'order:updated 54'].sort());
  });

  test('is reversed when the blocks of a paid order are replaced, and completed again', async () => {
    const one = await scene.order();
    await pay(one);
    await node.mine();
    await one.is(100, 2);
    await node.reorg(2);
    await scene.anHourPasses(one);
    assert.deepEqual((await one.is(51, 0)).exceptions, ['vanished']);
    assert.match(await one.page(), /Payment vanished/);
    await node.pay(one.address, one.value);
    await node.mine();
    await scene.anHourPasses(one);
    await one.is(51, 1);
    await node.mine();
    await scene.anHourPasses(one);
    await one.is(100, 2);
    const told = await one.told(6);
    assert.equal(told.filter((event) => event.startsWith('order:paid')).length, 1, 'nobody is told twice that it is paid');
  });

  const faults = {
    'is down': { status: 500 },
    'wants fewer requests': { status: 429 },
    'talks nonsense': { body: '<html>It works!</html>' },
    'answers another shape': { body: { jsonrpc: '2.0', error: { code: -32005, message: 'none of your business' } } },
    'answers without end': { hugeBytes: 16 << 20 },
    'answers half of what it is asked': { half: true },
    'is slow': { delayMs: 1000 },
  };
  for (const [what, fault] of Object.entries(faults)) {
    test(`notices a payment although the node it asks first ${what}`, async () => {
      const one = await scene.order();
      Object.assign(one.explorers[0].faults, fault);
      await node.pay(one.address, one.value);
      await node.mine();
      await one.is(54, 1, 25);
      assert.deepEqual(await one.told(2), ['order:created 0', 'order:updated 54']);
    });
  }

  test('believes no node of another chain', async () => {
    const one = await scene.order();
    for (const { faults } of scene.explorers) faults.chain = 1;
    await node.pay(one.address, one.value);
    await node.mine();
    await scene.looks();
    assert.equal((await one.read()).status, 0);
    assert.ok(scene.shop.logs.some(({ message }) => message.includes('it is no node of this chain')));
    one.explorers[1].heal();
    await one.is(54);
  });

  behind(scene);

  test('changes nothing while no node answers, and catches up when one does', async () => {
    const [unpaid, seen] = [await scene.order(), await scene.order()];
    await pay(seen);
    for (const { faults } of scene.explorers) faults.status = 503;
    await node.pay(unpaid.address, unpaid.value);
    await node.mine(2);
    await scene.looks();
    assert.deepEqual([(await unpaid.read()).status, (await seen.read()).status], [0, 54]);
    scene.explorers[1].heal();
    await seen.is(100);
    await unpaid.is(54);
    await node.mine();
    await unpaid.is(100);
    assert.deepEqual(await seen.told(4), paidOnce);
  });

  // The last one: what hangs goes on to hang for eight seconds after the node is well again.
  test('notices a payment although the node it asks first never answers', async () => {
    const one = await scene.order();
    one.explorers[0].faults.hang = true;
    await node.pay(one.address, one.value);
    await node.mine();
    await one.is(54, 1, 25);
  });
}

function oneAddress(scene) {
  const { node, pay, test } = scene;

  test('tells orders of one price apart by their amounts, and each is paid by its own', async () => {
    const orders = [await scene.order(), await scene.order(), await scene.order()];
    assert.deepEqual(orders.map((one) => one.address), Array(3).fill(address));
    assert.equal(new Set(orders.map((one) => one.value)).size, 3);
    assert.ok(orders.every((one) => one.value > value && one.value < value + 10_000));
    const html = await (await scene.shop.fetch(`${orders[1].path}/order`)).text();
    assert.ok(html.includes(`ethereum:${address}@${chainId}?value=${wei(orders[1].value)}`));
    assert.ok(html.includes('it is how your payment is recognised'));
    // Nobody's: the price itself, and one that is a wei too much.
    await node.pay(address, value);
    await node.payWei(address, wei(orders[0].value) + 1n);
    await node.pay(address, orders[1].value);
    await node.mine();
    await orders[1].is(54, 1);
    await node.mine();
    await orders[1].is(100, 2);
    await scene.looks();
    assert.deepEqual(await Promise.all([orders[0], orders[2]].map(async (one) => (await one.read()).status)), [0, 0]);
    await node.pay(address, orders[2].value);
    await node.mine(2);
    await orders[2].is(100);
    await node.pay(address, orders[0].value);
    await node.mine(2);
    await orders[0].is(100);
    assert.deepEqual(await orders[1].told(4), paidOnce);
  });

  test('asks one question of one node at a look, and reads blocks only when the address has moved', async () => {
    // What came in the last blocks, which may still be replaced, is read again.
    await node.mine(7);
    const one = await scene.order();
    const reads = () => scene.explorers.flatMap(({ batches }) => batches).filter((methods) => methods.includes('eth_getBlockByNumber')).length;
    await scene.looks(3);
    const before = reads();
    for (let block = 0; block < 4; block += 1) {
      await node.mine();
      await scene.looks(1);
    }
    assert.equal(reads(), before);
    const moved = ['eth_getBalance', 'eth_getTransactionCount'];
    for (const { batches } of one.explorers.slice(0, 1)) assert.deepEqual(batches.at(-1), ['eth_chainId', ...moved, ...moved, 'eth_blockNumber']);
    await pay(one);
    assert.ok(reads() > before);
    await node.mine();
    await one.is(100);
  });

  test('counts a payment once that is sent again with a higher fee', async () => {
    const one = await scene.order();
    await node.bump(await node.pay(address, one.value));
    await node.mine();
    assert.equal((await one.is(54, 1)).crypto_received, one.value);
    await node.mine();
    await one.is(100, 2);
    assert.deepEqual(await one.told(4), paidOnce);
  });

  test('loses a payment with its block, before and after it was complete, and has it again', async () => {
    const one = await scene.order();
    await pay(one);
    await node.reorg(1);
    await one.is(0, 0);
    await pay(one);
    await node.mine();
    await one.is(100, 2);
    await node.reorg(2);
    await scene.anHourPasses(one);
    assert.deepEqual((await one.is(51)).exceptions, ['vanished']);
    await node.pay(address, one.value);
    await node.mine(2);
    await scene.anHourPasses(one);
    await one.is(100);
    const told = await one.told(8);
    assert.equal(told.filter((event) => event.startsWith('order:paid')).length, 1);
  });

  for (const [what, fault] of Object.entries({ 'is down': { status: 500 }, 'answers half of what it is asked': { half: true }, 'is of another chain': { chain: 1 } })) {
    test(`notices a payment although the node it asks first ${what}`, async () => {
      const one = await scene.order();
      Object.assign(one.explorers[0].faults, fault);
      await node.pay(address, one.value);
      await node.mine();
      await one.is(54, 1, 25);
    });
  }

  behind(scene);

  test('changes nothing while no node answers, and finds what came meanwhile', async () => {
    const one = await scene.order();
    for (const { faults } of scene.explorers) faults.status = 503;
    await node.pay(address, one.value);
    await node.mine(8);
    await scene.looks();
    assert.equal((await one.read()).status, 0);
    scene.heal();
    await one.is(100);
  });
}

function behind(scene) {
  const { node, pay, test } = scene;
  test('does not call a payment gone because one node is behind, nor while the other can’t be asked', async () => {
    const one = await scene.order();
    const height = await node.height();
    await pay(one);
    one.explorers[0].faults.behind = height;
    await scene.looks();
    assert.equal((await one.read()).status, 54);
    one.explorers[1].faults.status = 500;
    await scene.looks();
    assert.equal((await one.read()).status, 54);
    one.explorers[1].heal();
    await node.mine();
    await one.is(100);
  });
}
