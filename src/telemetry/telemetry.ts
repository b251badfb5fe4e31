import { type DestinationStream, pino } from 'pino';
import { RiskgraphError } from '../core/errors.js';
import type { Log, Metrics } from '../core/ports/process.js';
import { createMetrics } from './metrics.js';
import { redaction, withoutPasswords, withoutQuotedValues } from './redaction.js';

export interface TelemetryOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Writes lines for people instead of JSON. */
  readonly pretty: boolean;
  /** Names of the columns of source tables that are personal: their values reach no log. */
  readonly personal?: Iterable<string>;
  /** Where lines go; standard error by default, so that standard output stays the program's answer. */
  readonly destination?: DestinationStream;
}

export interface Telemetry {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Prometheus text format. */
  metricsText(): Promise<string>;
}

const serializeError = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error;
  const { code } = error as Error & { code?: unknown };
  const safe = (text: string): string =>
    withoutPasswords(error instanceof RiskgraphError ? text : withoutQuotedValues(text));
  return {
    type: error.name,
    message: safe(error.message),
    ...(code === undefined ? {} : { code }),
    stack: safe(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
};

/** Logger and metrics registry of one process. */
export function createTelemetry({ level, pretty, personal = [], destination }: TelemetryOptions): Telemetry {
  const options = {
    level,
    base: null,
    redact: redaction(personal),
    serializers: { err: serializeError },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  const log =
    destination || !pretty
      ? pino(options, destination ?? pino.destination({ dest: 2, sync: true }))
      : pino({
          ...options,
          transport: {
            target: 'pino-pretty',
            options: {
              destination: 2,
              colorize: process.stderr.isTTY,
              ignore: 'pid,hostname',
              translateTime: 'HH:MM:ss',
            },
          },
        });
  const { metrics, text } = createMetrics();
  return { log, metrics, metricsText: text };
}
