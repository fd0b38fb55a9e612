import { Core, type Options } from './core.js';
import { Resources } from './generated.js';

export { PushGuardError, type CallOptions, type Options, type Page, type PageInfo, type Upload, type UploadOptions } from './core.js';
export type * from './generated.js';
export type { components, paths } from './schema.js';
export { verifyReturn, verifySignature, verifyWebhook, WebhookVerificationError, type HeadersLike, type VerifyOptions, type WebhookEvent } from './webhooks.js';

/** The API of one account of a deployment. */
export class PushGuard extends Resources {
  constructor(options: Options) {
    super(new Core(options));
  }
}
