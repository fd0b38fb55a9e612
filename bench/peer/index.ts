// The peer: what a good team would write in TypeScript for the same endpoints. Hono routes, zod validates, Web Crypto hashes
// and signs; D1, KV and their statements are used as carefully as ours. It makes integrated payments only.
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { authenticate, requireHttps, requireJsonAccepted } from './auth';
import { payPage } from './checkout';
import { usage } from './db';
import type { App } from './env';
import { Failure, notAllowed, tell } from './failure';
import { rateLimit } from './limit';
import { getOrder, listOrders } from './orders';
import { createPayment } from './pay';

const MEBIBYTE = 1 << 20;

const app = new Hono<App>({
  // Old clients send doubled and trailing slashes.
  getPath: (request) => new URL(request.url).pathname.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, ''),
});

app.use(async (c, next) => {
  c.set('requestId', crypto.randomUUID());
  await next();
  c.header('x-request-id', c.var.requestId);
  c.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
  c.header('x-content-type-options', 'nosniff');
  if (c.env.ALLOW_INSECURE_URLS) c.header('x-d1-usage', usage());
});

app.get('/healthz', (c) => c.json({ status: 'ok', version: '0.1.0', data: null }));
app.all('/healthz', notAllowed('GET, HEAD'));

app.get('/pay/:id/:token', payPage);

const api = new Hono<App>();
api.use(requireHttps, authenticate, rateLimit, requireJsonAccepted);
api.get('/orders', listOrders);
api.all('/orders', notAllowed('GET, HEAD'));
api.get('/orders/:id', getOrder);
api.all('/orders/:id', notAllowed('GET, HEAD'));
const tooLarge = () => {
  throw new Failure(413, `The body is too large (maximum is ${MEBIBYTE} bytes)`);
};
api.post('/pay', bodyLimit({ maxSize: MEBIBYTE, onError: tooLarge }), createPayment);
api.all('/pay', notAllowed('POST'));
app.route('/api/v2', api);

app.notFound((c) => tell(c, Failure.notFound()));
app.onError((error, c) => tell(c, error));

export default app;
