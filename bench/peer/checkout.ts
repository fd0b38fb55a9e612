// GET /pay/:id/:token: the first paint, from the token alone.
import { html } from 'hono/html';
import { cached } from './cache';
import type { C } from './env';
import { display } from './money';
import { type Link, verify } from './token';

const NAMES: Record<string, string> = { bitcoin: 'Bitcoin' };

export async function payPage(c: C) {
  const { id = '', token = '' } = c.req.param();
  const link = await verify(c.env, id, token);
  secure(c, link?.returnOrigin ?? '');
  if (!link) return c.html(notice('This page does not exist', 'Check the link, or ask the shop for a new one.'), 404);
  if (await cached(c.env.KV, `destroyed:${id}`)) return c.html(notice('This payment was withdrawn', 'Ask the shop for a new link.'), 410);
  const url = `/pay/${id}/${token}`;
  if (Date.now() > link.expiresAt) return c.redirect(`${url}/order`, 303);
  c.header('cache-control', 'private, no-cache');
  return c.html(page(link, url));
}

/** The page loads nothing from anybody else and can't be framed; a form may end at the shop that sent the buyer. */
function secure(c: C, returnOrigin: string) {
  c.header(
    'content-security-policy',
    `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self' ${returnOrigin}; base-uri 'none'; frame-ancestors 'none'`,
  );
  c.header('referrer-policy', 'no-referrer');
  c.header('x-frame-options', 'DENY');
  c.header('permissions-policy', 'camera=(), geolocation=(), microphone=()');
}

type Html = ReturnType<typeof html>;

const layout = (title: string, shop: string, body: Html) => html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#f4f5f7" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#0e1116" media="(prefers-color-scheme: dark)">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<title>${title} · ${shop}</title>
<link rel="icon" href="/pay/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/pay/assets/style.css">
<script src="/pay/assets/script.js" defer></script>
</head>
<body>
${body}
<footer><svg class="shield" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2 20 5v7c0 4-3 8-8 10-5-2-8-6-8-10V5z"></path></svg> Checkout by PushGuard</footer>
<p class="unseen" id="say" role="status"></p>
<p id="trouble" role="alert" hidden></p>
</body>
</html>`;

const notice = (title: string, text: string) => layout(title, 'PushGuard', html`<main><h1>${title}</h1><p>${text}</p></main>`);

function page(link: Link, url: string): Html {
  const price = display(link.minor, link.currency);
  const gateway = NAMES[link.gateway];
  return layout(
    `Pay ${price}`,
    link.shopName,
    html`<header>
${link.test ? html`<p class="test"><strong>Test payment</strong> – no money moves</p>` : ''}
<p class="top"><span class="tile" aria-hidden="true">${link.shopName.slice(0, 1)}</span><strong>${link.shopName}</strong></p>
</header>
<main id="pay" data-revision="0-start" data-start>
<section class="summary" aria-label="Your order">
<p class="item">${link.title}${link.quantity > 1 ? html`<span class="hint"> × ${link.quantity}</span>` : ''}</p>
<p class="price">${price}</p>
</section>
<section class="card" aria-labelledby="state">
<div class="state"><h1 id="state" tabindex="-1">Pay with ${gateway}</h1><p>${link.needsEmail ? 'Where should we send your order?' : 'Next you get the exact amount and where to send it.'}</p></div>
<form method="post" action="${url}" data-swap>
${link.needsEmail ? html`<label for="email">E-mail</label><input id="email" name="email" type="email" required maxlength="254" autocomplete="email">` : ''}
<button class="button"><span class="flip"><span>Continue</span><span>One moment…</span></span></button>
</form>
<p class="hint center">Nothing is charged yet.</p>
</section>
</main>`,
  );
}
