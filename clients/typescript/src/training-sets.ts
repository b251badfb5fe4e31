/** Point-in-time training sets: built by the server, read as a file. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RiskgraphError } from './errors.js';
import { type Job, type JobState, type WaitOptions, waitForJob } from './jobs.js';
import type { CallOptions, Transport } from './transport.js';

/** The rows of a view by status. */
export interface ViewCoverage {
  readonly view: string;
  readonly present: number;
  readonly null: number;
  readonly stale: number;
  readonly notFound: number;
  /** Rows at whose instant the view had no as-of in force. */
  readonly notComputed: number;
  readonly error: number;
}

export interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  /** 0 to 1. */
  readonly nullRate: number;
  readonly distinct: number | null;
  readonly min: unknown;
  readonly max: unknown;
  readonly mean: number | null;
  readonly informationValue: number | null;
}

interface TrainingSetFacts {
  readonly id: string;
  readonly name: string;
  readonly state: JobState;
  /** 0 to 1. */
  readonly progress: number;
  readonly job: Pick<Job, 'id'>;
  readonly rowCount: number | null;
  /** References in the order of the columns. */
  readonly features: readonly string[];
  /** How the set was made: enough to make it again; null until it is. */
  readonly manifest: Readonly<Record<string, unknown>> | null;
  readonly downloadUrl: string | null;
  readonly error: string | null;
  readonly createdAt: string;
  readonly coverage: readonly ViewCoverage[] | null;
  readonly columns: readonly ColumnProfile[] | null;
}

export const TRAINING_SET_FIELDS =
  'id name state progress rowCount features manifest downloadUrl error createdAt job { id } ' +
  'coverage { view present null stale notFound notComputed error } ' +
  'columns { name type nullRate distinct min max mean informationValue }';

/** A training set as it was when it was read last. */
export class TrainingSet {
  constructor(
    private readonly transport: Transport,
    private sent: TrainingSetFacts,
  ) {}

  static async open(transport: Transport, id: string, call?: CallOptions): Promise<TrainingSet> {
    return new TrainingSet(transport, await factsOf(transport, id, call));
  }

  get id(): string {
    return this.sent.id;
  }

  /** What the server says of the set: state, rows, profile of each column, coverage of each view, manifest. */
  get facts(): TrainingSetFacts {
    return this.sent;
  }

  /**
   * Waits until the file is made.
   * @throws JOB_FAILED with the reason; TIMEOUT where it is not made in time: it goes on, and may be waited for again
   */
  async wait(options: WaitOptions = {}): Promise<this> {
    await waitForJob(this.transport, this.sent.job.id, options);
    this.sent = await factsOf(this.transport, this.id, { signal: options.signal });
    return this;
  }

  /**
   * Writes the file to `path`, which is replaced once the file is whole.
   * @throws CONFLICT where there is no file to read; an error of the disk as Node gives it
   */
  async download(path: string, call?: CallOptions): Promise<string> {
    if (!this.sent.downloadUrl) this.sent = await factsOf(this.transport, this.id, call);
    const { downloadUrl, state, error } = this.sent;
    if (!downloadUrl) {
      throw new RiskgraphError({
        code: 'CONFLICT',
        message: `training set ${this.id} has no file to read: it is ${state}`,
        hint: error ?? 'wait() for it',
      });
    }
    const part = `${path}.${process.pid}.part`;
    try {
      await this.transport.file(
        downloadUrl,
        (body) => pipeline(Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(part)),
        call,
      );
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
    return path;
  }
}

async function factsOf(transport: Transport, id: string, call?: CallOptions): Promise<TrainingSetFacts> {
  const document = `query($id: ID!) { trainingSet(id: $id) { ${TRAINING_SET_FIELDS} } }`;
  const { trainingSet } = await transport.read<{ readonly trainingSet: TrainingSetFacts | null }>(
    document,
    { id },
    call,
  );
  if (trainingSet === null) {
    throw new RiskgraphError({ code: 'NOT_FOUND', message: `the server has no training set ${id}` });
  }
  return trainingSet;
}
