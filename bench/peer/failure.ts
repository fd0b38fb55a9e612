// Answers that aren't what was asked for, in the words of the contract.
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { C } from './env';

export class Failure extends Error {
  constructor(
    readonly status: ContentfulStatusCode,
    message: string,
    readonly errors: string[] = [],
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }

  static notFound = () => new Failure(404, 'The specified resource could not be found');
  static unauthenticated = () => new Failure(401, 'Unable to authenticate', [], { 'www-authenticate': 'Basic realm="api", charset="UTF-8"' });
  static validation = (errors: string[]) => new Failure(400, 'Validation failed', errors);
}

export function tell(c: C, error: Error): Response {
  if (error instanceof Failure) {
    const { status, message, errors, headers } = error;
    return c.json(errors.length ? { message, errors } : { message }, status, headers);
  }
  console.warn(c.var.requestId, c.req.path, 'failed:', error);
  return c.json({ message: 'Something went wrong on our side. Try again later.', request_id: c.var.requestId }, 500);
}

/** The path exists; `allow` lists what it takes. */
export function notAllowed(allow: string) {
  return () => {
    throw new Failure(405, 'This method is not allowed here', [], { allow });
  };
}
