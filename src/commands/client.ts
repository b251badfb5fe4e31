import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_STATUS, type ErrorCode, RiskgraphError } from '../core/errors.js';

export interface ClientOptions {
  /** It may have a path, below which a proxy serves. */
  readonly url: string;
  readonly key: string;
}

/** The key to call with: the one given, else the admin key that the server wrote into its home. */
export async function findKey(options: { readonly key: string | undefined; readonly home: string }): Promise<string> {
  if (options.key) return options.key;
  const file = join(options.home, 'keys');
  const text = await readFile(file, 'utf8').catch(() => '');
  const admin = /^admin(?::[^=]*)?=(.+)$/m.exec(text)?.[1];
  if (admin) return admin.trim();
  throw new RiskgraphError({
    code: 'UNAUTHENTICATED',
    message: `no key: RISKGRAPH_KEY is not set and ${file} holds no admin key`,
    hint: 'set RISKGRAPH_KEY, or run where the server’s RISKGRAPH_HOME is',
  });
}

interface GraphqlError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly hint?: string | null };
}

const unreachable = (url: string, cause: unknown): RiskgraphError =>
  new RiskgraphError({
    code: 'STORE_UNAVAILABLE',
    message: `no server answers at ${url}`,
    hint: 'start it with `npm start`, or set RISKGRAPH_URL',
    cause,
  });

/** Speaks to a running server as any consumer would: HTTP alone. */
export class Client {
  constructor(private readonly options: ClientOptions) {}

  async graphql<T>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const response = await this.send('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const answer = (await response.json()) as {
      data?: T;
      errors?: readonly GraphqlError[];
      error?: Failure;
    };
    const first = answer.errors?.[0];
    if (first) throw failure({ message: first.message, ...first.extensions });
    if (answer.error) throw failure(answer.error);
    return answer.data as T;
  }

  async post<T>(
    path: string,
    body: AsyncIterable<Uint8Array> | FormData,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const response = await this.send(path, {
      method: 'POST',
      headers,
      body: body as unknown as NonNullable<RequestInit['body']>,
      // A streamed body needs it; the type of fetch does not know it.
      ...({ duplex: 'half' } as object),
    });
    return (await this.checked(response)).json() as Promise<T>;
  }

  async get(path: string): Promise<Response> {
    return this.checked(await this.send(path, {}));
  }

  private async send(path: string, init: RequestInit): Promise<Response> {
    const { url, key } = this.options;
    try {
      return await fetch(url.replace(/\/+$/, '') + path, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${key}` },
      });
    } catch (cause) {
      throw unreachable(url, cause);
    }
  }

  private async checked(response: Response): Promise<Response> {
    if (response.ok) return response;
    const text = await response.text();
    const parsed = safeJson(text) as { error?: Failure } | undefined;
    throw failure(parsed?.error ?? { message: `the server answered ${response.status}` });
  }
}

interface Failure {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string | null;
}

const isCode = (code: string | undefined): code is ErrorCode => code !== undefined && code in ERROR_STATUS;

const failure = ({ code, message, hint }: Failure): RiskgraphError =>
  new RiskgraphError({ code: isCode(code) ? code : 'BAD_USER_INPUT', message, ...(hint ? { hint } : {}) });

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
