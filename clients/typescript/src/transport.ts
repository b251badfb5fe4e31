/** Requests to a server: deadlines, retries of what changes nothing, and what to say when no answer comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isChange } from './documents.js';
import { errorOf, RiskgraphError } from './errors.js';
import { toJson } from './values.js';

/** How one call is made. */
export interface CallOptions {
  /**
   * Milliseconds until the call is given up, the retries of a read included; null waits for the server. Where absent, a read has the deadline of the
   * client; a change or a file has none.
   */
  readonly deadlineMs?: number | null | undefined;
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
}

export interface TransportOptions {
  readonly url: string;
  readonly key: string;
  readonly deadlineMs: number | null;
  /** How often a read is sent, the first time included. */
  readonly attempts: number;
  readonly fetch: typeof fetch;
}

type Variables = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

/** Refusals after which the same read may be sent again: the server did not begin, or could not. */
const AGAIN: ReadonlySet<string> = new Set(['OVERLOADED', 'RATE_LIMITED', 'STORE_UNAVAILABLE']);
/** The server is asked to answer this much before the deadline of the caller, since its answer has a way to go. */
const WAY_BACK_MS = 50;
const WAY_BACK_SHARE = 0.2;
/** The longest deadline that a server takes. */
const LONGEST_DEADLINE_MS = 600_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** What a pause is lengthened by, at most: callers that are refused together do not come back together. */
const JITTER = 0.25;

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/;
/** Node gives a server up that sends nothing for five minutes. */
const WENT_SILENT = /^UND_ERR_(HEADERS|BODY)_TIMEOUT$/;

export class Transport {
  /** Without a slash at its end. It may have a path, below which a proxy serves. */
  private readonly url: string;

  constructor(private readonly options: TransportOptions) {
    this.url = options.url.replace(/\/+$/, '');
  }

  /** Sends a document that the caller wrote: a change once, a read again where it is refused for now. */
  send<T>(document: string, variables: Variables, call: CallOptions = {}): Promise<T> {
    return isChange(document) ? this.change(document, variables, call) : this.read(document, variables, call);
  }

  /** Asks a query; asks again where the server refuses it for now and the deadline leaves time for it. */
  async read<T>(document: string, variables: Variables, call: CallOptions = {}): Promise<T> {
    const { attempts } = this.options;
    const deadlineMs = call.deadlineMs === undefined ? this.options.deadlineMs : call.deadlineMs;
    const ends = deadlineMs === null ? null : performance.now() + deadlineMs;
    for (let attempt = 1; ; attempt++) {
      try {
        const ms = ends === null ? null : Math.max(1, ends - performance.now());
        const headers: Headers = ms === null ? {} : { 'x-deadline-ms': String(serverMs(ms)) };
        return await this.ask<T>(document, variables, { deadlineMs: ms, signal: call.signal }, headers);
      } catch (cause) {
        if (!(cause instanceof RiskgraphError) || attempt >= attempts || !isForNow(cause)) throw cause;
        const pause = pauseMs(attempt, cause.retryAfterSeconds);
        // The error of the server says more than one of ours that the deadline is over.
        if (ends !== null && performance.now() + pause >= ends) throw cause;
        await sleep(pause, undefined, call.signal ? { signal: call.signal } : {});
      }
    }
  }

  /** Sends a mutation once: an answer that is lost does not say whether it was done. The server is told no deadline, so that it does not stop midway. */
  change<T>(document: string, variables: Variables, call?: CallOptions): Promise<T> {
    return this.ask<T>(document, variables, call);
  }

  /** Sends a file as the body of a request, once. */
  upload<T>(path: string, body: RequestInit['body'], contentType: string, call?: CallOptions): Promise<T> {
    const init = {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
      // A streamed body needs it.
      duplex: 'half',
    } as RequestInit;
    return this.request(path, init, async (response) => (await bodyOf(response)) as T, call);
  }

  /** Hands the body of a file of the server to `take`, and waits for it. */
  file<T>(path: string, take: (body: NonNullable<Response['body']>) => Promise<T>, call?: CallOptions): Promise<T> {
    const read = async (response: Response): Promise<T> => {
      if (response.ok && response.body !== null) return take(response.body);
      await bodyOf(response);
      throw notOurs(response);
    };
    return this.request(path, {}, read, call);
  }

  private async ask<T>(
    document: string,
    variables: Variables,
    call: CallOptions | undefined,
    headers: Headers = {},
  ): Promise<T> {
    const init = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: toJson({ query: document, variables }),
    };
    const read = async (response: Response): Promise<T> => {
      const { data } = (await bodyOf(response)) as { readonly data?: T | null };
      if (data === undefined || data === null) throw notOurs(response);
      return data;
    };
    return this.request('/graphql', init, read, call);
  }

  /** Sends one request and reads its answer. */
  private async request<T>(
    path: string,
    init: RequestInit,
    read: (response: Response) => Promise<T>,
    { deadlineMs: ms = null, signal }: CallOptions = {},
  ): Promise<T> {
    const { url } = this;
    signal?.throwIfAborted();
    const ended = new AbortController();
    const abort = () => ended.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const timer = ms === null ? undefined : setTimeout(() => ended.abort(late(url, ms)), ms);
    const headers = {
      ...(init.headers as Headers | undefined),
      authorization: `Bearer ${this.options.key}`,
    };
    try {
      return await read(await this.options.fetch(url + path, { ...init, headers, signal: ended.signal }));
    } catch (cause) {
      if (ended.signal.aborted) throw ended.signal.reason;
      if (cause instanceof RiskgraphError) throw cause;
      throw diskErrorIn(cause) ?? unanswered(url, cause);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }
}

/** The JSON of an answer; throws the error that it holds. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const error = errorOf(response, body);
  if (error) throw error;
  if (typeof body !== 'object' || body === null) throw notOurs(response);
  return body;
}

const notOurs = ({ status }: Response): RiskgraphError =>
  new RiskgraphError({
    code: 'INTERNAL',
    message: `the answer, of status ${status}, is none of a Riskgraph server`,
    hint: 'see whether the URL is that of one, and what stands before it',
  });

/** Milliseconds that the server has, of those that the caller has. */
const serverMs = (ms: number): number =>
  Math.min(LONGEST_DEADLINE_MS, Math.max(1, Math.floor(ms - Math.min(WAY_BACK_MS, ms * WAY_BACK_SHARE))));

/** Milliseconds until the next attempt: what the server asks for, else twice as long each time. */
function pauseMs(attempt: number, retryAfterSeconds: number | null): number {
  const own = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return (retryAfterSeconds === null ? own : retryAfterSeconds * 1000) * (1 + Math.random() * JITTER);
}

const codeOf = (cause: unknown): string => {
  const { cause: inner, code } = (cause ?? {}) as { readonly cause?: unknown; readonly code?: unknown };
  return typeof code === 'string' ? code : inner === undefined ? '' : codeOf(inner);
};

const isForNow = ({ code, cause }: RiskgraphError): boolean => AGAIN.has(code) && !CERTIFICATE.test(codeOf(cause));

const DISK = new Set([
  'EACCES',
  'EDQUOT',
  'EFBIG',
  'EIO',
  'EISDIR',
  'EMFILE',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
]);

/** What a file of the caller's own disk answered, which says more of itself than of the server; null where nothing did. */
function diskErrorIn(cause: unknown): Error | null {
  if (!(cause instanceof Error)) return null;
  const { code, syscall } = cause as NodeJS.ErrnoException;
  if (code !== undefined && DISK.has(code) && syscall !== 'connect') return cause;
  return diskErrorIn(cause.cause);
}

function unanswered(url: string, cause: unknown): RiskgraphError {
  const reason = codeOf(cause);
  if (WENT_SILENT.test(reason)) {
    return new RiskgraphError({
      code: 'TIMEOUT',
      message: `${url} has sent nothing for five minutes`,
      hint: 'see /readyz of the server',
      cause,
    });
  }
  const isUntrusted = CERTIFICATE.test(reason);
  return new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: isUntrusted ? `the certificate of ${url} is not trusted` : `no server answers at ${url}`,
    hint: isUntrusted
      ? 'set NODE_EXTRA_CA_CERTS to the file of the CA that signed it, before the program starts'
      : 'see whether it runs, or give `url` or RISKGRAPH_URL',
    cause,
  });
}

const late = (url: string, ms: number): RiskgraphError =>
  new RiskgraphError({
    code: 'TIMEOUT',
    message: `${url} did not answer within ${Math.round(ms)} ms`,
    hint: 'give a longer `deadlineMs`, or see /readyz of the server',
  });
