import { RiskgraphError } from './core/errors.js';
import type { Log } from './core/ports/process.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface Opened {
  readonly log: Log;
  readonly close: () => Promise<void>;
  /** Logs that the process works. Signals are heard by then, so that a supervisor that waits for the line may send one at once. */
  readonly announce: () => void;
}

/**
 * The life of one process of the stack: opens, works until a signal, closes in good order and exits 0. Where it cannot
 * open, it says why and exits 1.
 */
export function runRole(name: 'api' | 'worker', open: () => Promise<Opened>): void {
  open().then(({ log, close, announce }) => {
    let closing: Promise<void> | undefined;
    for (const signal of SIGNALS) {
      process.once(signal, () => {
        log.info({ signal, role: name }, 'asked to end: what has begun is finished');
        closing ??= close();
        closing.then(
          () => process.exit(0),
          (error: unknown) => {
            log.error({ err: error, role: name }, 'did not close in good order');
            process.exit(1);
          },
        );
      });
    }
    announce();
  }, refuse(name));
}

const refuse =
  (name: string) =>
  (error: unknown): never => {
    const ours = error instanceof RiskgraphError;
    const message = ours ? error.message : String(error instanceof Error ? error.stack : error);
    process.stderr.write(`riskgraph ${name}: ${message}${ours && error.hint ? `\n  → ${error.hint}` : ''}\n`);
    process.exit(1);
  };
