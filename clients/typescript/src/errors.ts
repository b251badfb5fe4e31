/** What a server refuses, with its code and what to do. */

export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'PAYLOAD_TOO_LARGE'
  | 'RATE_LIMITED'
  | 'TOO_COMPLEX'
  | 'OVERLOADED'
  | 'TIMEOUT'
  | 'STORE_UNAVAILABLE'
  | 'INTERNAL'
  | 'JOB_FAILED'
  | 'JOB_CANCELLED';

export interface ErrorDetails {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | null | undefined;
  readonly requestId?: string | null | undefined;
  readonly retryAfterSeconds?: number | null | undefined;
  readonly cause?: unknown;
}

export class RiskgraphError extends Error {
  /** The kind of the error. A server of a later release may send a code that is not in the list. */
  readonly code: ErrorCode;
  /** What to do; null where the server has no advice. */
  readonly hint: string | null;
  /** The request as the log of the server names it; null where no answer came. */
  readonly requestId: string | null;
  /** Seconds after which the server asks to be called again; null where it names none. */
  readonly retryAfterSeconds: number | null;

  constructor({ code, message, hint, requestId, retryAfterSeconds, cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RiskgraphError';
    this.code = code;
    this.hint = hint ?? null;
    this.requestId = requestId ?? null;
    this.retryAfterSeconds = retryAfterSeconds ?? null;
  }
}

interface Extensions {
  readonly code?: ErrorCode;
  readonly hint?: string | null;
  readonly requestId?: string | null;
}

interface ErrorBody {
  readonly errors?: readonly { readonly message?: string; readonly extensions?: Extensions }[];
  readonly error?: Extensions & { readonly message?: string };
}

/** The error that an answer holds; undefined where it holds none. */
export function errorOf(response: Response, body: unknown): RiskgraphError | undefined {
  const { errors, error } = (typeof body === 'object' && body !== null ? body : {}) as ErrorBody;
  const first = errors?.[0];
  const sent = first ? { message: first.message, ...first.extensions } : error;
  const retryAfterSeconds = secondsOf(response.headers.get('retry-after'));
  if (sent) {
    const { code = 'INTERNAL', message = 'the server gave no message', hint, requestId } = sent;
    return new RiskgraphError({ code, message, hint, requestId, retryAfterSeconds });
  }
  if (response.ok) return undefined;
  return new RiskgraphError({
    code: response.status === 502 || response.status === 503 ? 'STORE_UNAVAILABLE' : 'INTERNAL',
    message: `the server answered ${response.status} without an error of its own`,
    hint: 'see what stands before it, such as a proxy',
    retryAfterSeconds,
  });
}

const secondsOf = (header: string | null): number | null => (header && /^\d+$/.test(header) ? Number(header) : null);
