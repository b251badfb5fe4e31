/** Connections to the one data directory: each runs one query at a time, several run side by side. */

import type { Connection, Native } from './chdb-native.js';
import { ServerError } from './clickhouse-errors.js';

export interface ConnectionState {
  readonly database: string;
  /** Exactly the settings that must hold; a setting of an earlier request must not stay. */
  readonly settings: Readonly<Record<string, string>>;
}

/** A connection lent to one request. */
export interface Lease {
  readonly connection: Connection;
  release(): void;
}

interface Slot {
  connection: Connection;
  database: string;
  settings: Map<string, string>;
  /** `readonly` cannot be taken back, a failed SET may have half happened: such a connection is replaced. */
  spoiled: boolean;
}

const literal = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const identifier = (name: string): string => `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
const SETTING_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export class ConnectionPool {
  private readonly idle: Slot[];
  private readonly waiting: ((slot: Slot) => void)[] = [];
  private readonly size: number;

  constructor(
    private readonly native: Native,
    private readonly path: string,
    size: number,
  ) {
    this.size = size;
    this.idle = Array.from({ length: size }, () => this.open());
  }

  /**
   * Lends a connection in exactly the asked state.
   * @throws ServerError for an unknown setting or database
   */
  async acquire(state: ConnectionState, signal: AbortSignal): Promise<Lease> {
    const slot = await this.take(signal);
    try {
      await this.bring(slot, state);
    } catch (cause) {
      this.giveBack(slot);
      throw cause;
    }
    let released = false;
    return {
      connection: slot.connection,
      release: () => {
        if (!released) this.giveBack(slot);
        released = true;
      },
    };
  }

  /** Closes all; call it when every lease is back. */
  close(): void {
    for (const slot of this.idle.splice(0)) this.native.CloseConnection(slot.connection);
  }

  get busy(): number {
    return this.size - this.idle.length;
  }

  private open(): Slot {
    const connection = this.native.CreateConnection(this.path, []);
    return { connection, database: 'default', settings: new Map(), spoiled: false };
  }

  private take(signal: AbortSignal): Promise<Slot> {
    const free = this.idle.pop();
    if (free) return Promise.resolve(free);
    return new Promise((resolve, reject) => {
      const got = (slot: Slot): void => {
        signal.removeEventListener('abort', gone);
        resolve(slot);
      };
      const gone = (): void => {
        this.waiting.splice(this.waiting.indexOf(got), 1);
        reject(new ServerError('the client went away while the query waited', 210));
      };
      signal.addEventListener('abort', gone, { once: true });
      this.waiting.push(got);
    });
  }

  private giveBack(slot: Slot): void {
    if (slot.spoiled) {
      this.native.CloseConnection(slot.connection);
      Object.assign(slot, this.open());
    }
    const next = this.waiting.shift();
    if (next) next(slot);
    else this.idle.push(slot);
  }

  private async bring(slot: Slot, { database, settings }: ConnectionState): Promise<void> {
    const run = (sql: string) => this.native.QueryAsyncConnection(slot.connection, sql, 'Null');
    const { readonly, ...rest } = settings;
    const changes: string[] = [];
    for (const name of slot.settings.keys()) if (!(name in rest)) changes.push(`${name} = DEFAULT`);
    for (const [name, value] of Object.entries(rest)) {
      if (!SETTING_NAME.test(name)) throw new ServerError(`'${name}' is not the name of a setting`, 115, 400);
      if (slot.settings.get(name) !== value) changes.push(`${name} = ${literal(value)}`);
    }
    if (changes.length > 0) {
      slot.spoiled = true;
      await run(`SET ${changes.join(', ')}`);
      slot.settings = new Map(Object.entries(rest));
      slot.spoiled = false;
    }
    if (slot.database !== database) {
      await run(`USE ${identifier(database)}`);
      slot.database = database;
    }
    if (readonly !== undefined && readonly !== '0') {
      slot.spoiled = true;
      await run(`SET readonly = ${literal(readonly)}`);
    }
  }
}
