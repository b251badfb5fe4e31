/** Decisions over plain sockets: a generator that costs a tenth of what it loads, so that two cores are enough for both. */
import { connect, type Socket } from 'node:net';
import { decision } from './api-stack.js';

export type What = 'good' | 'late' | 'ERROR' | 'OVERLOADED' | 'TIMEOUT' | 'reset' | 'other';
export interface Answer {
  readonly what: What;
  readonly ms: number;
}

const HEADER_END = '\r\n\r\n';
const CODES = ['OVERLOADED', 'TIMEOUT'] as const;

function judge(answer: Buffer, ms: number, limitMs: number): What {
  for (const code of CODES) if (answer.includes(`"code":"${code}"`)) return code;
  if (answer.includes('"ERROR"')) return 'ERROR';
  if (!answer.includes('"PRESENT"')) return 'other';
  return ms > limitMs ? 'late' : 'good';
}

/** Asks on connections that are kept; one request at a time on each. */
export function createLoad(url: string, { limitMs }: { readonly limitMs: number }) {
  const { hostname, port } = new URL(url);
  const idle: Socket[] = [];
  let sent = 0;

  const bytesOf = (key: string, deadlineMs?: number): string => {
    const body = decision(sent++);
    const deadline = deadlineMs ? `x-deadline-ms: ${deadlineMs}\r\n` : '';
    return `POST /graphql HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nauthorization: Bearer ${key}\r\n${deadline}\r\n${body}`;
  };

  return {
    ask(key: string, deadlineMs?: number): Promise<Answer> {
      const startedAt = performance.now();
      const socket = idle.pop() ?? connect({ host: hostname, port: Number(port), noDelay: true });
      return new Promise((resolve) => {
        let got: Buffer = Buffer.alloc(0);
        let length = -1;
        const end = (what?: What): void => {
          socket.removeAllListeners();
          const ms = performance.now() - startedAt;
          if (what) socket.destroy();
          else idle.push(socket);
          socket.on('error', () => undefined);
          resolve({ what: what ?? judge(got, ms, limitMs), ms });
        };
        socket.on('error', () => end('reset'));
        socket.on('close', () => end('reset'));
        socket.on('data', (chunk) => {
          got = got.length === 0 ? chunk : Buffer.concat([got, chunk]);
          if (length < 0) {
            const at = got.indexOf(HEADER_END);
            if (at < 0) return;
            const size = /content-length: (\d+)/i.exec(got.toString('latin1', 0, at))?.[1];
            length = at + HEADER_END.length + Number(size);
          }
          if (got.length >= length) end();
        });
        socket.write(bytesOf(key, deadlineMs));
      });
    },
    close(): void {
      for (const socket of idle) socket.destroy();
    },
  };
}
