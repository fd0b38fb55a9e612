// Clients of OAuth that others wrote complete its flows against the running module: simple-oauth2 and oauth4webapi here,
// requests-oauthlib and Authlib in oauth.py. A seller's browser is played: it signs in and allows.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as oauth from 'oauth4webapi';
import { AuthorizationCode } from 'simple-oauth2';
import { findSchemathesis } from '../../scripts/setup.mjs';
import { run } from '../../scripts/shell.mjs';
import { adminToken, startShop, testUnless } from './harness.mjs';

const callback = 'https://app.example/callback';
const scope = 'order_read product_read';
let shop;
let ada;
let server;
let open;

before(async () => {
  shop = await startShop();
  ada = await shop.admin.createAccount();
  server = await register({});
  open = await register({ confidential: false });
});
after(() => shop.close());

async function register(changed) {
  const fields = { name: 'Shelf', site: 'https://app.example', redirect_uris: [callback], scopes: 'order_read product_read READ:PURCHASE', ...changed };
  const answer = await shop.fetch('/admin/apps', {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  });
  assert.equal(answer.status, 201);
  return answer.json();
}

/** The seller signs in at this address and allows it → where the browser is sent. */
async function allow(url) {
  const page = await shop.fetch(url);
  assert.equal(page.status, 200, await page.clone().text());
  const post = (fields) =>
    shop.fetch(url, {
      method: 'POST',
      headers: { origin: shop.url.replace(/\/$/, ''), 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields),
    });
  const asked = await post({ email: ada.email, api_key: ada.api_key });
  const text = await asked.text();
  assert.equal(asked.status, 200, text);
  const [, step] = text.match(/name="step" value="([^"]+)"/);
  const allowed = await post({ step });
  assert.equal(allowed.status, 303);
  return allowed.headers.get('location');
}

const challenge = (verifier) => createHash('sha256').update(verifier).digest('base64url');
const code = (location) => new URL(location).searchParams.get('code');

for (const options of [
  { authorizationMethod: 'header', credentialsEncodingMode: 'strict' },
  { authorizationMethod: 'header', credentialsEncodingMode: 'loose' },
  { authorizationMethod: 'body' },
]) {
  test(`simple-oauth2 gets, refreshes and revokes tokens (${Object.values(options).join(', ')})`, async () => {
    const client = new AuthorizationCode({
      client: { id: server.client_id, secret: server.client_secret },
      auth: { tokenHost: shop.url, tokenPath: '/oauth/token', authorizePath: '/oauth/authorize', revokePath: '/oauth/revoke' },
      options,
    });
    const verifier = randomBytes(32).toString('base64url');
    const url = client.authorizeURL({ redirect_uri: callback, scope, state: 'a b', code_challenge: challenge(verifier), code_challenge_method: 'S256' });
    const location = await allow(url);
    assert.equal(new URL(location).searchParams.get('state'), 'a b');
    const first = await client.getToken({ code: code(location), redirect_uri: callback, code_verifier: verifier });
    assert.equal(first.token.scope, 'product_read order_read');
    assert.ok(!first.expired());
    const second = await first.refresh();
    assert.notEqual(second.token.refresh_token, first.token.refresh_token);
    await second.revokeAll();
    await assert.rejects(second.refresh(), /400/);
  });
}

for (const kind of ['confidential', 'public']) {
  test(`oauth4webapi finds the endpoints, and completes the flows of a ${kind} client`, async () => {
    const insecure = { [oauth.allowInsecureRequests]: true };
    const issuer = new URL(shop.url);
    const as = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }).then((answer) => oauth.processDiscoveryResponse(issuer, answer));
    const app = kind === 'public' ? open : server;
    const client = { client_id: app.client_id };
    const auth = kind === 'public' ? oauth.None() : oauth.ClientSecretBasic(app.client_secret);
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(as.authorization_endpoint);
    const asked = { client_id: app.client_id, redirect_uri: callback, response_type: 'code', scope, state, code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' };
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
    // It refuses an answer of another issuer (RFC 9207).
    const parameters = oauth.validateAuthResponse(as, client, new URL(await allow(url)), state);
    const got = await oauth.authorizationCodeGrantRequest(as, client, auth, parameters, callback, verifier, insecure);
    const first = await oauth.processAuthorizationCodeResponse(as, client, got);
    assert.equal(first.token_type, 'bearer');
    const refreshed = await oauth.refreshTokenGrantRequest(as, client, auth, first.refresh_token, insecure);
    const second = await oauth.processRefreshTokenResponse(as, client, refreshed);
    if (kind === 'confidential') {
      const told = await oauth.introspectionRequest(as, client, auth, second.access_token, insecure);
      const { active, scope: granted } = await oauth.processIntrospectionResponse(as, client, told);
      assert.deepEqual([active, granted], [true, 'product_read order_read']);
    }
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, second.refresh_token, insecure));
    const refused = await oauth.refreshTokenGrantRequest(as, client, auth, second.refresh_token, insecure);
    await assert.rejects(oauth.processRefreshTokenResponse(as, client, refused), { error: 'invalid_grant' });
  });
}

test('a wrong secret is an error as oauth4webapi reads it', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const as = { issuer: shop.url, token_endpoint: new URL('/oauth/token', shop.url).href };
  const client = { client_id: server.client_id };
  const answer = await oauth.refreshTokenGrantRequest(as, client, oauth.ClientSecretPost('wrong'), 'x', insecure);
  assert.equal(answer.status, 401);
  await assert.rejects(oauth.processRefreshTokenResponse(as, client, answer));
});

test('an exchange, a refresh and a look at a token read and write few rows', async () => {
  const verifier = randomBytes(32).toString('base64url');
  const url = `/oauth/authorize?${new URLSearchParams({ client_id: open.client_id, redirect_uri: callback, response_type: 'code', code_challenge: challenge(verifier), code_challenge_method: 'S256' })}`;
  const post = async (fields) => {
    const answer = await shop.fetch('/oauth/token', { method: 'POST', body: new URLSearchParams({ client_id: open.client_id, ...fields }) });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
  };
  const first = await post({ grant_type: 'authorization_code', code: code(await allow(url)), redirect_uri: callback, code_verifier: verifier });
  const second = await post({ grant_type: 'refresh_token', refresh_token: first.refresh_token });
  // The same next token: the answer may have been lost.
  const again = await post({ grant_type: 'refresh_token', refresh_token: first.refresh_token });
  assert.equal(again.refresh_token, second.refresh_token);
  const { body } = await ada.api('GET', '/authorizations');
  assert.ok(body.length >= 1);
  for (const { id } of body) assert.equal((await ada.api('DELETE', `/authorizations/${id}`)).status, 204);
});

const schemathesis = await findSchemathesis();
const python = testUnless(schemathesis ? null : 'no Python environment for it (`npm run setup -- --tests` makes one where there is a Python)');

python('requests-oauthlib and Authlib complete the flows', async () => {
  const script = fileURLToPath(new URL('oauth.py', import.meta.url));
  const env = {
    SHOP: shop.url.replace(/\/$/, ''),
    SELLER: JSON.stringify({ email: ada.email, api_key: ada.api_key }),
    SERVER: JSON.stringify(server),
    PUBLIC: JSON.stringify(open),
  };
  const { code: exit, stdout, stderr } = await run(path.join(path.dirname(schemathesis), 'python'), [script], { mayFail: true, env });
  assert.equal(exit, 0, stderr);
  assert.match(stdout, /6 flows/);
});
