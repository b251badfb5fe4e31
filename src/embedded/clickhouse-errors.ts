/** Errors in the words and numbers that ClickHouse's HTTP clients understand. */

/** Names that clients show beside the codes that this server raises itself. */
const NAMES: Readonly<Record<number, string>> = {
  27: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  36: 'BAD_ARGUMENTS',
  62: 'SYNTAX_ERROR',
  210: 'NETWORK_ERROR',
  243: 'NOT_ENOUGH_SPACE',
  344: 'SUPPORT_IS_DISABLED',
  516: 'AUTHENTICATION_FAILED',
  1002: 'UNKNOWN_EXCEPTION',
};

/** HTTP status by ClickHouse's error code, as its own server answers; the rest is 500. */
const STATUS: Readonly<Record<number, number>> = {
  ...Object.fromEntries(
    [27, 36, 41, 43, 46, 47, 53, 62, 69, 72, 115, 117, 130, 386, 456, 457].map((code) => [code, 400]),
  ),
  ...Object.fromEntries([60, 79, 81, 218].map((code) => [code, 404])),
  164: 403,
  344: 501,
  516: 401,
};

export class ServerError extends Error {
  /** @param status HTTP status where it does not follow from the code */
  constructor(
    message: string,
    readonly code: number,
    private readonly given?: number,
  ) {
    super(message);
    this.name = 'ServerError';
  }

  get status(): number {
    return this.given ?? STATUS[this.code] ?? 500;
  }

  /** The text that ClickHouse sends, in the shape that clients parse. */
  get text(): string {
    const name = NAMES[this.code];
    return name ? `Code: ${this.code}. DB::Exception: ${this.message} (${name})` : this.message;
  }
}

/** An engine's error already is ClickHouse's text: `Code: 62. DB::Exception: … (SYNTAX_ERROR)`. */
export function asServerError(cause: unknown): ServerError {
  if (cause instanceof ServerError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = /^Code: (\d+)/.exec(message)?.[1];
  if (code) return new EngineError(message.trim(), Number(code));
  return new ServerError(message, (cause as NodeJS.ErrnoException)?.code === 'ENOSPC' ? 243 : 1002);
}

class EngineError extends ServerError {
  override get text(): string {
    return this.message;
  }
}
