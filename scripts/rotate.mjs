// `npm run rotate`: after a new key was put in front of VAULT_KEY and deployed, seals under it whatever the old keys sealed.
// SHOP_URL is the deployment's address, ADMIN_TOKEN its token. It may be ended and begun again at any time.
import { asCommand, Halt, say } from './shell.mjs';

/** A pass that finds something is followed by another: what was written while it ran may still have an older key. */
const mostPasses = 10;

async function rotate() {
  const { SHOP_URL: url, ADMIN_TOKEN: token } = process.env;
  if (!url || !token) throw new Halt('Set SHOP_URL to the address of the deployment, and ADMIN_TOKEN to its token.');
  for (let pass = 1; pass <= mostPasses; pass += 1) {
    const { resealed, unopened } = await passThrough(url, token);
    say(`pass ${pass}: ${resealed} sealed anew`);
    if (resealed > 0) continue;
    if (unopened.length === 0) {
      console.log('Everything is sealed under the first key of VAULT_KEY. The others can be taken out.');
      return;
    }
    throw new Halt(
      `No key of VAULT_KEY opens these, and nothing was done to them (shard, column, account, row):\n  ${unopened.join('\n  ')}\n` +
        `Put their key back into the list, or have these sellers enter them again. Everything else is sealed under the first key.`,
    );
  }
  throw new Halt(`After ${mostPasses} passes something is still written under an older key: is the deployment with the new key out everywhere?`);
}

/** Once through every shard and column → what was sealed anew, and the names of rows that no key opens. */
async function passThrough(url, token) {
  const done = { resealed: 0, unopened: [] };
  let after = null;
  do {
    const turn = await call(url, token, after);
    done.resealed += turn.resealed;
    done.unopened.push(...turn.unopened);
    after = turn.after;
  } while (after !== null);
  return done;
}

async function call(url, token, after) {
  const address = new URL('/admin/vault/rotate', url);
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(address, {
      method: 'POST',
      redirect: 'error', // the token is for this address alone
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ after }),
      signal: AbortSignal.timeout(60_000),
    }).catch((error) => ({ status: 0, text: async () => error.cause?.message ?? error.message }));
    const text = await answer.text();
    if (answer.status === 200) return JSON.parse(text);
    // A call changes a row wholly or not at all, so that it can be repeated.
    const passing = answer.status === 0 || answer.status === 429 || answer.status >= 500;
    if (!passing || tries === 5) throw new Halt(`POST ${address} answered ${answer.status} ${text.slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 500 * tries));
  }
}

await asCommand(import.meta, rotate);
