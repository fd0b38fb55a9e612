// That a secret which is printed, logged or answered is noticed: `npm test` as a whole relies on it.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { secretsIn } from '../../scripts/leaks.mjs';
import { root, run } from '../../scripts/shell.mjs';
import { adminToken, startShop } from './harness.mjs';

// In two parts, so that printing this file prints none.
const secret = ['whsec_', 'Zm9vYmFyYmF6cXV4cXV1eA=='];
const at = (file) => JSON.stringify(path.join(root, file));
const node = (program) => run(process.execPath, ['--input-type=module', '-e', program], { mayFail: true });

test('what is printed is looked through, also where it comes in two pieces or from a child', async () => {
  const { stdout } = await node(`
    import { listen } from ${at('scripts/leaks.mjs')};
    import { run } from ${at('scripts/shell.mjs')};
    const told = listen();
    process.stdout.write('nothing yet: whsec_… and sk_live_, sk_test_\\n');
    if (told.found().length) process.exit(9);
    process.stdout.write('the secret is ${secret[0]}Zm9v');
    process.stdout.write('YmFyYmF6cXV4cXV1eA==\\n');
    await run(process.execPath, ['-e', "console.error('token ' + 'test-admin-token-of-' + '32-letters-xx')"], { live: true });
    told.stop();
    console.log('FOUND ' + JSON.stringify(told.found()));
  `);
  const found = JSON.parse(stdout.split('FOUND ')[1]);
  assert.deepEqual(found, ['a webhook secret, after "the secret is "', 'the operator\'s token, after "token "']);
});

test('a part of npm test that prints a secret fails it', async () => {
  const { code, stdout } = await node(`
    import { judge } from ${at('scripts/test.mjs')};
    process.exitCode = (await judge(async () => {
      console.log('${secret[0]}' + '${secret[1]}');
      return [{ name: 'planted', passed: 1, failed: 0, skipped: [], failures: [], seconds: '0 s' }];
    })) ? 0 : 1;
  `);
  assert.equal(code, 1);
  assert.match(stdout, /FAILED secrets: a secret was printed: a webhook secret/);
  assert.match(stdout, /1 passed, 1 failed, 0 skipped\n$/);
});

test('a shop that logs or answers a secret fails its test when it is closed', async () => {
  const shop = await startShop();
  const seller = await shop.admin.createAccount();
  assert.equal((await seller.api('GET', '/account')).status, 200);
  assert.equal((await seller.api('POST', '/account/webhook_secret')).status, 201);
  shop.hear('the log', `it is ${adminToken}`);
  await shop.db.prepare('UPDATE shops SET shop_name = ?1').bind(seller.webhook_secret).run();
  await seller.api('GET', '/account');
  await assert.rejects(shop.close(), /the operator's token in the log, a webhook secret in the answer to GET \/account/);
});

test('every kind of secret is known by its form, and a masked one is none', () => {
  assert.deepEqual(secretsIn(secret.join('')), ['a webhook secret']);
  assert.deepEqual(secretsIn(`{"admin":"${adminToken}"}`), ["the operator's token"]);
  assert.deepEqual(secretsIn('sk_live_…pQrS whsec_…V1eA zpub6rFR…utGZYs pg_test_…'), []);
});
