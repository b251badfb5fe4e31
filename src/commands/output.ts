import { setTimeout as sleep } from 'node:timers/promises';
import { SingleBar } from 'cli-progress';
import type { Client } from './client.js';

export interface OutputOptions {
  readonly json: boolean;
}

/** Text for a person, or one JSON document with `--json`. */
export function print(value: unknown, options: OutputOptions, text: () => string): void {
  process.stdout.write(`${options.json ? JSON.stringify(value, null, 2) : text()}\n`);
}

/** The values that an option takes, for its help: `A, B or C`. */
export const oneOf = (values: readonly string[]): string => `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;

/** A progress bar on a terminal, a line at each quarter elsewhere; silent with `--json`. */
export function progressBar(label: string, options: OutputOptions): { update(fraction: number): void; stop(): void } {
  if (options.json) return { update: () => undefined, stop: () => undefined };
  if (process.stderr.isTTY) {
    const bar = new SingleBar({ format: `${label} {bar} {percentage}%`, stream: process.stderr, hideCursor: true });
    bar.start(1, 0);
    return { update: (fraction) => bar.update(fraction), stop: () => bar.stop() };
  }
  let quarter = 0;
  return {
    update: (fraction) => {
      if (Math.floor(fraction * 4) <= quarter) return;
      quarter = Math.floor(fraction * 4);
      process.stderr.write(`${label} ${quarter * 25}%\n`);
    },
    stop: () => undefined,
  };
}

export interface JobView {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly progress: number;
  readonly result: unknown;
  readonly error: string | null;
}

/** The fields of a `JobView`, as a query selects them. */
export const JOB_FIELDS = 'id name state progress result error';
/** A job's progress changes a few times a second at most. */
const POLL_MS = 300;

/** Follows a job to its end; a failed one throws the job's own error. */
export async function followJob(client: Client, job: JobView, options: OutputOptions): Promise<JobView> {
  const bar = progressBar(job.name, options);
  try {
    for (;;) {
      const { job: now } = await client.graphql<{ job: JobView }>(
        `query($id: ID!) { job(id: $id) { ${JOB_FIELDS} } }`,
        {
          id: job.id,
        },
      );
      bar.update(now.progress);
      if (now.state === 'COMPLETED') return now;
      if (now.state === 'FAILED' || now.state === 'CANCELLED') {
        throw new Error(`${now.name} ${now.state.toLowerCase()}: ${now.error ?? 'no reason was recorded'}`);
      }
      await sleep(POLL_MS);
    }
  } finally {
    bar.stop();
  }
}

/** Aligned columns of a small table. */
export function table(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [header, ...rows].map((row) =>
    row.map((value) => (value === null || value === undefined ? '' : String(value))),
  );
  const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** 1536 is `1.5 KB`. */
export function bytesText(bytes: number): string {
  const step = Math.min(bytes < 1 ? 0 : Math.floor(Math.log(bytes) / Math.log(1024)), UNITS.length - 1);
  const value = bytes / 1024 ** step;
  return `${value.toLocaleString('en-US', { maximumFractionDigits: step === 0 ? 0 : 1 })} ${UNITS[step]}`;
}
