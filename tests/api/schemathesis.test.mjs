// Schemathesis asks the Worker whatever public/api/v2/openapi.json allows, and some of what it doesn't, and compares each
// answer with what that promises: no 5xx, no status, header or body that isn't in the specification.
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findSchemathesis } from '../../scripts/setup.mjs';
import { run } from '../../scripts/shell.mjs';
import { startShop, testUnless } from '../worker/harness.mjs';

const schemathesis = await findSchemathesis();
const test = testUnless(schemathesis ? null : 'no Schemathesis on this machine (`npm run setup -- --tests` installs it where there is a Python)');

// Where it writes what it found, and the databases it keeps.
const folder = fileURLToPath(new URL('.run', import.meta.url));
const spec = JSON.parse(await readFile(new URL('../../public/api/v2/openapi.json', import.meta.url), 'utf8'));

const checks = [
  ...['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance', 'response_schema_conformance'],
  ...['unsupported_method', 'allow_header_conformance', 'missing_required_header', 'ignored_auth', 'use_after_free', 'ensure_resource_availability'],
  // Two are left out. `negative_data_rejection` wants numbers that were sent as texts to be refused, and old clients send
  // them. `positive_data_acceptance` wants all that has the right types to be accepted; whether an e-mail is on the
  // blacklist already, or a key was used before, no schema says.
];

// Cases for each operation: fewer, the more there are. Those of the coverage and stateful phases come on top.
const operations = Object.values(spec.paths).flatMap(Object.keys).length;
const each = Math.max(15, Math.min(75, Math.round(1_700 / operations)));

// The same in every run: what it found yesterday it finds again.
const seed = 1;

test('the Worker does what the specification says, in 2,000 cases and more', async () => {
  const shop = await startShop({ assets: true, outbound: () => new Response('taken') });
  try {
    const ada = await shop.admin.createAccount();
    const config = ids(await things(ada));
    const report = await ask(shop, ada, config, ['--max-examples', String(each), '--exclude-operation-id', 'account_regenerate_key']);
    assert.ok(report.test_cases.generated >= 2_000, `only ${report.test_cases.generated} cases`);
    assert.equal(report.operations.tested, report.operations.total - 1);
  } finally {
    await shop.close();
  }
});

test('replacing the API key is as specified, and ends the key', async () => {
  const shop = await startShop({ assets: true });
  try {
    const ada = await shop.admin.createAccount();
    await ask(shop, ada, '', ['--max-examples', '10', '--phases', 'examples,fuzzing', '--include-operation-id', 'account_regenerate_key'], checks.slice(0, 5));
    assert.equal((await ada.api('GET', '/account')).status, 401);
  } finally {
    await shop.close();
  }
});

test('the Worker does what the specification of the Shoppy API says, in 1,000 cases and more', async () => {
  const shop = await startShop({ assets: true, outbound: () => new Response('taken') });
  try {
    const ada = await shop.admin.createAccount();
    await oneOfEach(ada);
    const spec = JSON.parse(await readFile(new URL('../../public/api/1.0/openapi.json', import.meta.url), 'utf8'));
    const known = ['1', '2', '3'];
    const config = `[dictionaries.numbers]\nvalues = ${JSON.stringify(known)}\n[[operations]]\ninclude-path-regex = "/\\\\{id\\\\}$"\ninclude-method = ["GET"]\nparameters = { "path.id" = { dictionary = "numbers", probability = 0.7 } }\n`;
    // A deleted payment was never to be read, and what `Authorization` says is not a scheme that it knows.
    const report = await ask(shop, ada, config, ['--max-examples', '75'], checks, { file: '/api/1.0/openapi.json', login: ['--header', `Authorization: ${ada.api_key}`] });
    assert.ok(report.test_cases.generated >= 1_000, `only ${report.test_cases.generated} cases`);
    assert.equal(report.operations.tested, Object.values(spec.paths).flatMap(Object.keys).length);
  } finally {
    await shop.close();
  }
});

test('the Worker does what the specification of the API for applications says, in 1,000 cases and more', async () => {
  const shop = await startShop({ assets: true, outbound: () => new Response('taken') });
  try {
    const ada = await shop.admin.createAccount();
    await oneOfEach(ada);
    await ada.api('PUT', '/account', { shop: { scripts: true } });
    const spec = JSON.parse(await readFile(new URL('../../public/api/openapi.json', import.meta.url), 'utf8'));
    // Whether a code is taken, and an order in a state for it, no schema says; and without its version a request is none.
    const which = checks.filter((check) => check !== 'missing_required_header');
    const report = await ask(shop, ada, '', ['--max-examples', '50'], which, { file: '/api/openapi.json', login: ['--auth', `${ada.email}:${ada.api_key}`, '--header', 'X-Api-Version: 2'] });
    assert.ok(report.test_cases.generated >= 1_000, `only ${report.test_cases.generated} cases`);
    assert.equal(report.operations.tested, Object.values(spec.paths).flatMap(Object.keys).length);
  } finally {
    await shop.close();
  }
});

test('the Worker does what the specification of the Zettle Pusher API says, in 200 cases and more', async () => {
  const shop = await startShop({ assets: true, outbound: () => new Response('taken') });
  try {
    const ada = await shop.admin.createAccount();
    const config = '[dictionaries.organizations]\nvalues = ["self"]\n[[operations]]\ninclude-path-regex = "organizationUuid"\nparameters = { "path.organizationUuid" = { dictionary = "organizations", probability = 0.8 } }\n';
    const report = await ask(shop, ada, config, ['--max-examples', '60'], checks, { file: '/organizations/openapi.json', login: ['--header', `Authorization: Bearer ${ada.api_key}`] });
    assert.ok(report.test_cases.generated >= 200, `only ${report.test_cases.generated} cases`);
    assert.equal(report.operations.tested, 4);
  } finally {
    await shop.close();
  }
});

/** A product, an order of it that is paid and praised, a query and a delivery. */
async function oneOfEach(account) {
  const make = async (path, body) => {
    const answer = await account.api('POST', path, body);
    assert.equal(answer.status, 201, answer.text);
    return answer.body;
  };
  await make('/webhooks/endpoints', { url: 'https://seller.example/hook', events: ['order:paid'], format: 'shoppy' });
  const custom = [{ name: 'UID', type: 'number', required: true }];
  const product = await make('/products', { title: 'Tea', description: 'd', price: '10', currency: 'USD', product_type: 4, gateways: ['bitcoin'], custom });
  const order = await make('/pay', { product_id: product.id, gateway: 'Bitcoin', white_label: true, email: 'bob@example.com', custom: { UID: 7 } });
  await make('/test/payments', { order_id: order.id, kind: 'exact', confirmations: 6 });
  await make('/feedbacks', { order_id: order.id, stars: 5 });
  await make('/queries', { subject: 'Tea', email: 'bob@example.com', message: '?' });
}

/** Runs it → its report; fails with its own words. `file`: the specification, and `login` what it is asked with. */
async function ask(shop, { email, api_key }, config, args, which = checks, { file = '/api/v2/openapi.json', login = ['--auth', `${email}:${api_key}`] } = {}) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const [configFile, reportFile] = ['schemathesis.toml', 'report.json'].map((name) => path.join(folder, name));
  await writeFile(configFile, config);
  const { stdout, stderr } = await run(
    schemathesis,
    [
      ...['--config-file', configFile, 'run', `${shop.url}${file}`, ...login],
      ...['--checks', which.join(','), '--seed', String(seed), '--continue-on-failure', '--warnings', 'off', '--workers', '1'],
      ...['--report', 'json', '--report-json-path', reportFile, ...args],
    ],
    { cwd: folder, mayFail: true, env: { NO_COLOR: '1' } },
  );
  const report = JSON.parse(await readFile(reportFile, 'utf8').catch(() => 'null'));
  assert.ok(report, `it did not run:\n${stdout}${stderr}`);
  const said = stdout.slice(Math.max(0, stdout.search(/^=+ (ERRORS|FAILURES) =+$/m)));
  assert.equal(report.test_cases.unique_failures + report.errors.length, 0, said);
  assert.ok(report.complete && report.exit_code === 0, said);
  console.log(`# ${report.test_cases.generated} cases in ${report.running_time.toFixed(0)} s`);
  return report;
}

/** An example may speak of an order, which was another account's. */
async function paidOrder(account) {
  const order = { title: 'Example', currency: 'USD', value: '10.00', gateway: 'Bitcoin', white_label: true };
  const { body } = await account.api('POST', '/pay', order);
  await account.api('POST', '/test/payments', { order_id: body.id, kind: 'exact', confirmations: 6 });
  return body.id;
}

/** Makes something of every noun by the specification's own examples, twice → the ids there are, by the path of their list. */
async function things(account) {
  const found = {};
  for (const [route, item] of Object.entries(spec.paths)) {
    if (!item.post || route === '/account/api_key' || route.includes('{')) continue;
    for (const { value } of Object.values(item.post.requestBody?.content['application/json']?.examples ?? {})) {
      for (const _ of ['to read', 'to destroy']) {
        const order = 'order_id' in value ? { order_id: await paidOrder(account) } : {};
        const { status, body } = await account.api('POST', route, { ...value, ...order });
        if (status !== 201) continue;
        const id = route === '/pay' ? body.url?.match(/\/pay\/([0-9a-f]{40})\//)?.[1] : null;
        if (id) (found[route] ??= []).push(id);
      }
    }
  }
  for (const route of Object.keys(spec.paths)) {
    if (!(`${route}/{id}` in spec.paths) || !spec.paths[route].get) continue;
    const { body } = await account.api('GET', route);
    // Of some nouns nothing comes into being by an example alone; Schemathesis then goes by what it makes itself.
    if (body.length) found[route] = body.map(({ id }) => id);
  }
  return found;
}

/** The configuration that makes it ask for those ids more often than not: for the oldest to read, for the others to destroy. */
function ids(found) {
  const parts = Object.entries(found).map(([route, list]) => {
    const name = route.slice(1).replaceAll('/', '-');
    const rule = (dictionary, methods) =>
      `[[operations]]\ninclude-path-regex = "^${route}/\\\\{id\\\\}"\ninclude-method = ${JSON.stringify(methods)}\n` +
      `parameters = { "path.id" = { dictionary = "${dictionary}", probability = 0.7 } }\n`;
    const kept = list.slice(-1);
    const doomed = list.slice(0, -1);
    return (
      `[dictionaries.${name}]\nvalues = ${JSON.stringify(kept)}\n${rule(name, ['GET', 'PUT', 'PATCH', 'POST'])}` +
      (doomed.length ? `[dictionaries.${name}-doomed]\nvalues = ${JSON.stringify(doomed)}\n${rule(`${name}-doomed`, ['DELETE'])}` : '')
    );
  });
  return parts.join('\n');
}
