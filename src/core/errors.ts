/** Every code the API answers with, and its HTTP status. */
export const ERROR_STATUS = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  TOO_COMPLEX: 400,
  OVERLOADED: 503,
  TIMEOUT: 503,
  STORE_UNAVAILABLE: 503,
  INTERNAL: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

export interface ErrorDetails {
  readonly code: ErrorCode;
  /** Says what was wrong and where. The caller reads it: no path, no SQL, no stack. */
  readonly message: string;
  /** Says what to do. */
  readonly hint?: string;
  /** Further facts for the caller, such as the single problems. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error class: `message` and `hint` reach the caller, `cause` only the log. */
export class RiskgraphError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor({ code, message, hint, details, cause }: ErrorDetails) {
    super(message, { cause });
    this.name = 'RiskgraphError';
    this.code = code;
    this.hint = hint;
    this.details = details;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

export const badInput = (message: string, hint?: string): RiskgraphError =>
  new RiskgraphError({ code: 'BAD_USER_INPUT', message, ...(hint ? { hint } : {}) });

export const tooLarge = (message: string, hint: string): RiskgraphError =>
  new RiskgraphError({ code: 'PAYLOAD_TOO_LARGE', message, hint });

export const notFound = (message: string, hint?: string): RiskgraphError =>
  new RiskgraphError({ code: 'NOT_FOUND', message, ...(hint ? { hint } : {}) });

export const conflict = (message: string, hint?: string): RiskgraphError =>
  new RiskgraphError({ code: 'CONFLICT', message, ...(hint ? { hint } : {}) });
