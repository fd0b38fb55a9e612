// A scene: a shop that takes coins of a real chain. It has a node, two servers that show its chain (block explorers, or
// proxies), two sources of rates, and a seller with a server for webhooks. All are on loopback; the node has no keys for
// the seller's wallet. Most of a test's time goes by until the next look at the chain. So a coin has several scenes, each
// with a node of its own, whose tests run beside those of the others.
import { createServer } from 'node:http';
import { after, afterEach, before, describe } from 'node:test';
import { startShop, testUnless, until } from '../worker/harness.mjs';
import { addEndpoint, makeLink, orderId, start } from '../worker/checkout.mjs';
import { startReceiver } from '../worker/receiver.mjs';

export const paidOnce = ['order:created 0', 'order:paid 100', 'order:updated 100', 'order:updated 54'];

/**
 * `scenes`: [name, define, wallet]. `define(scene)` defines the scene's tests. The wallet is the coin's own unless one is given.
 * A scene is {coin, node, test, order(), pay(), send()}, and while a test runs also `seller` and all of `openScene`.
 */
export async function onRealChain(coin, scenes) {
  const nodes = await Promise.all(scenes.map(() => coin.start({ log: (line) => console.log(line) })));
  const missing = nodes.find((node) => node.missing)?.missing;
  if (missing) console.error(`\n!!! THE TESTS OF ${coin.gateway.toUpperCase()} ARE SKIPPED: ${missing}\n`);
  describe(`shops on a real chain of ${coin.gateway}`, { concurrency: scenes.length }, () => {
    for (const [n, [name, define, wallet]] of scenes.entries()) describeScene({ coin, missing, node: nodes[n] }, `${coin.gateway}, ${name}`, define, wallet);
  });
}

function describeScene({ coin, missing, node }, name, define, wallet) {
  describe(name, { concurrency: 1 }, () => {
    const scene = { coin, node, test: testUnless(missing) };
    before(async () => {
      if (missing) return;
      Object.assign(scene, await openScene(coin, node));
      scene.seller = await scene.openAccount(wallet);
    });
    afterEach(() => scene.heal?.());
    after(async () => {
      await scene.close?.();
      await node.stop?.();
    });
    scene.order = (fields, seller = scene.seller) => scene.startOrder(seller, fields);
    /** Pays so that it can be seen: of some coins only what is in a block is. */
    scene.send = async (address, value) => {
      const txid = await node.pay(address, value);
      if (coin.seenInBlocks) await node.mine();
      return txid;
    };
    /** Pays an order, and waits until that is seen. */
    scene.pay = async (order) => {
      const txid = await scene.send(order.address, order.value);
      await order.is(54);
      return txid;
    };
    define(scene);
  });
}

/** `coin`: see coins.mjs, and ether.mjs. */
async function openScene(coin, node) {
  const [first, second, rates, receiver] = await Promise.all([coin.serve(node), coin.serve(node), startRates(coin), startReceiver()]);
  const explorers = [first, second];
  const shop = await startShop({
    outbound: 'network',
    settings: {
      WATCH_SECONDS: '1',
      ...coin.settings(explorers.map(({ url }) => url).join(',')),
      RATES_COINBASE_URL: `${rates.url}/coinbase`,
      RATES_COINGECKO_URL: `${rates.url}/coingecko`,
      RATES_ECB_URL: `${rates.url}/ecb`, // which has none
    },
  });

  /** A seller with a wallet, and an endpoint for all order events. */
  async function openAccount(wallet = coin.wallet) {
    const seller = await shop.admin.createAccount({ test: false, shop_name: 'Regtest books' });
    await addEndpoint(seller, receiver.url);
    const answer = await seller.api('PUT', '/account', { gateways: { [coin.gateway.toLowerCase()]: wallet } });
    if (answer.status !== 200) throw new Error(`PUT /account answered ${answer.status}: ${answer.text}`);
    return { ...seller, profile: answer.body };
  }

  /** An order of 10 USD, started by its buyer → {id, path, address, value, read(), is(), page(), told()}. */
  async function startOrder(seller, fields = {}) {
    const link = await makeLink(seller, { gateway: coin.gateway, ...fields });
    const answer = await start(shop, link);
    if (answer.status !== 303) throw new Error(`starting a payment answered ${answer.status}`);
    const id = orderId(link);
    const read = async () => (await seller.api('GET', `/orders/${id}`)).body;
    const { crypto_address: address, crypto_value: value } = await read();
    const explorersInTurn = [...address].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 2 ? [second, first] : [first, second];
    return {
      id,
      path: link.path,
      address,
      value,
      read,
      /** The explorer that is asked first about this address, and the other one. */
      explorers: explorersInTurn,
      /** Waits until the order has this status, and so many confirmations if they are given → the order. */
      is: (status, confirmations, seconds = 20) =>
        until(`status ${status}${confirmations === undefined ? '' : ` with ${confirmations} confirmations`}`, async () => {
          const order = await read();
          return order.status === status && (confirmations ?? order.crypto_confirmations) === order.crypto_confirmations && order;
        }, { seconds, every: 200 }).catch(async (error) => {
          const { status: now, crypto_received, crypto_confirmations } = await read();
          throw new Error(`${error.message}; it is ${JSON.stringify({ status: now, crypto_received, crypto_confirmations })}`);
        }),
      page: async () => (await (await shop.fetch(`${link.path}/order`)).text()).replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' '),
      /** What the seller was told of it, "event status" in order of its making; waits until there are `count`. */
      async told(count) {
        const mine = () => receiver.requests.filter(({ body }) => JSON.parse(body).id === id);
        await until(`${count} webhooks`, () => mine().length >= count, { seconds: 15 });
        const ids = mine().map(({ headers }) => headers['webhook-id']);
        if (new Set(ids).size !== ids.length) throw new Error('a webhook came twice');
        return mine().map(({ headers, body }) => `${headers['x-pushguard-event']} ${JSON.parse(body).status}`).sort();
      },
    };
  }

  return {
    shop,
    rates,
    explorers,
    openAccount,
    startOrder,
    /** The explorers answer well again, and so do the sources of rates. */
    heal: () => [...explorers, rates].forEach((server) => server.heal()),
    /** The order's next look, which is an hour away, is missed: cron takes it up. */
    async anHourPasses({ id }) {
      await shop.db.prepare('UPDATE orders SET sync_lease = 1 WHERE id = ?1').bind(id).run();
      await shop.cron();
    },
    /**
     * The price that the order was given has been over for ten minutes. The order has a new revision, because a look that is on its way
     * would otherwise write the old end back.
     */
    expire: ({ id }) =>
      shop.db.prepare('UPDATE orders SET quote_expires_at = ?2, revision = revision + 1 WHERE id = ?1').bind(id, Date.now() - 600_000).run(),
    /** What rates are kept is this old. */
    async agedRates(minutes) {
      const kv = await shop.mf.getKVNamespace('KV');
      const lines = (await kv.get('rates')).split('\n').map((line) => line.replace(/^([A-Z]+) \d+/, `$1 ${Date.now() - minutes * 60_000}`));
      await kv.put('rates', lines.join('\n'));
      await new Promise((resolve) => setTimeout(resolve, 25_500)); // what the Worker remembers of KV
    },
    /** Enough time for every open order to be looked at at least once. */
    looks: (seconds = 4) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
    async close() {
      await shop.close();
      await Promise.all([...explorers, rates, receiver].map((server) => server.close()));
    },
  };
}

/** Coinbase and CoinGecko, as far as they are asked. A source whose name is in `down` answers 500. */
async function startRates(coin) {
  const rates = { usd: coin.usd, down: new Set(), asked: [], heal: () => rates.down.clear() };
  const server = createServer((request, response) => {
    const source = request.url.split('/')[1];
    rates.asked.push(source);
    if (source === 'ecb') return response.writeHead(404).end();
    if (rates.down.has(source)) return response.writeHead(500).end('down');
    const prices = { coinbase: { data: { currency: coin.symbol, rates: { USD: rates.usd } } }, coingecko: { [coin.gateway.toLowerCase()]: { usd: Number(rates.usd) } } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(prices[source]));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  rates.url = `http://127.0.0.1:${server.address().port}`;
  rates.close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return rates;
}
