import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { cardMedians, inputColumns, isNumeric } from '../core/compute/model-inputs.js';
import { type InputTensor, inputTensors, tensorCells } from '../core/compute/model-tensors.js';
import type { Model } from '../core/definitions/definitions.js';
import { RiskgraphError } from '../core/errors.js';
import type { Scorer } from '../core/ports/indicators.js';

export type ExecutionProvider = 'cpu' | 'cuda' | 'webgpu';

export interface ScorerOptions {
  readonly executionProvider: ExecutionProvider;
}

/** Rows a run of the session: bounds its memory, and lets the event loop breathe between two runs of a large portfolio. */
const ROWS_A_RUN = 4_096;

/** A run that fails says so to its caller: what the library prints of it beside is noise, a line a try. */
const QUIET = { logSeverityLevel: 4 } as const;

const keyOf = ({ id, onnxHash }: Model): string => `${id} ${onnxHash}`;

/** Models on ONNX Runtime, one session a model version; `close` releases them. */
export function createScorer({ executionProvider }: ScorerOptions): Scorer {
  /** By model and weights: a draft whose file is written again is another model. */
  const sessions = new Map<string, InferenceSession>();

  return {
    async open(models) {
      const problems: string[] = [];
      for (const model of models) {
        if (sessions.has(keyOf(model))) continue;
        const session = await openSession(model, executionProvider, problems);
        if (!session) continue;
        const differences = problemsOf(model, session);
        problems.push(...differences.map((problem) => `${model.file}: ${problem}`));
        // Another call may have opened it meanwhile.
        if (differences.length === 0 && !sessions.has(keyOf(model))) sessions.set(keyOf(model), session);
        else await session.release();
      }
      if (problems.length === 0) return;
      throw new RiskgraphError({
        code: 'BAD_USER_INPUT',
        message: `${problems.length} problem${problems.length === 1 ? '' : 's'} in the models:\n- ${problems.join('\n- ')}`,
        hint: 'make the definition, the .onnx file and the card agree',
        details: { problems },
      });
    },

    async predict(model, matrix, rows) {
      const columns = inputColumns(model);
      if (matrix.length !== rows * columns) {
        throw new RiskgraphError({
          code: 'INTERNAL',
          message: `${model.id} was given ${matrix.length} values for ${rows} rows × ${columns} columns`,
        });
      }
      if (!sessions.has(keyOf(model))) await this.open([model]);
      const session = sessions.get(keyOf(model)) as InferenceSession;
      const inputs = inputTensors(model);
      const failures = new Map<number, string>();
      const predictions = { probabilities: new Float32Array(rows).fill(Number.NaN), failures };
      for (let start = 0; start < rows; start += ROWS_A_RUN) {
        await runRows(
          { model, session, matrix, columns, inputs, into: predictions.probabilities, failures },
          start,
          Math.min(ROWS_A_RUN, rows - start),
        );
      }
      return predictions;
    },

    async close() {
      for (const session of sessions.values()) await session.release();
      sessions.clear();
    },
  };
}

interface ModelRun {
  readonly model: Model;
  readonly session: InferenceSession;
  readonly matrix: Float32Array;
  readonly columns: number;
  readonly inputs: readonly InputTensor[];
  readonly into: Float32Array;
  readonly failures: Map<number, string>;
}

/** Runs `count` rows from `start` on. Where the run fails, it runs halves of them, so that one impossible row costs no other row its score. */
async function runRows(run: ModelRun, start: number, count: number): Promise<void> {
  const { model, session, matrix, columns, inputs, into, failures } = run;
  const { probability } = model.tensors;
  const feeds = Object.fromEntries(
    inputs.map((input) => {
      const cells = tensorCells(input, matrix, { start, count, width: columns });
      return [input.name, new Tensor('float32', cells, [count, ...input.shape])];
    }),
  );
  try {
    const answer = await session.run(feeds, [probability], QUIET);
    copyProbabilities(answer[probability] as Tensor, into, start, count);
  } catch (cause) {
    if (count === 1) {
      // The runtime names the value of a feature that it cannot use as `idx=7`.
      const words = cause instanceof Error ? cause.message : String(cause);
      const reason = words.replace(/=\s*[-+]?[\d.][\d.e+-]*/gi, '=…');
      failures.set(start, `${model.id} failed on the row: ${reason}`);
      return;
    }
    const half = count >> 1;
    await runRows(run, start, half);
    await runRows(run, start + half, count - half);
  }
}

async function openSession(
  model: Model,
  executionProvider: ExecutionProvider,
  problems: string[],
): Promise<InferenceSession | undefined> {
  try {
    // The bytes whose hash the model has: its file may have been written again since.
    const weights = await readFile(model.onnxPath);
    if (createHash('sha256').update(weights).digest('hex') !== model.onnxHash) {
      problems.push(`${model.file}: ${model.onnx} changed after it was read: put it back, or make it the next version`);
      return undefined;
    }
    return await InferenceSession.create(weights, {
      // What the device cannot run (tree ensembles, on most) runs on the CPU of the same session.
      executionProviders: executionProvider === 'cpu' ? ['cpu'] : [executionProvider, 'cpu'],
      // Requests run beside each other already: more threads a request would only wait for one another.
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    problems.push(
      executionProvider === 'cpu'
        ? `${model.file}: ${model.onnx} does not load: ${reason}`
        : `${model.file}: ${model.onnx} does not load on '${executionProvider}' (RISKGRAPH_EP): ${reason}`,
    );
    return undefined;
  }
}

/** Lists every way in which the session differs from the definition and the card. */
function problemsOf(model: Model, session: InferenceSession): string[] {
  const problems: string[] = [];
  const columns = inputColumns(model);
  const { probability } = model.tensors;
  for (const { reference, feature } of model.features) {
    if (!isNumeric(feature)) problems.push(`input ${reference} is ${feature.type}, which is no number`);
  }
  const inputs = session.inputMetadata;
  const expected = inputTensors(model);
  for (const { name: input, shape } of expected) {
    const tensor = inputs.find(({ name }) => name === input);
    if (!tensor) problems.push(`there is no input tensor '${input}'; the file has ${names(inputs)}`);
    else problems.push(...tensorProblems(`input tensor '${input}'`, tensor, [shape]));
  }
  const extra = inputs.filter(({ name }) => !expected.some((each) => each.name === name));
  if (extra.length > 0) problems.push(`the file also requires the input tensors ${names(extra)}`);
  const outputs = session.outputMetadata;
  const output = outputs.find(({ name }) => name === probability);
  if (!output) problems.push(`there is no output tensor '${probability}'; the file has ${names(outputs)}`);
  else problems.push(...tensorProblems(`output tensor '${probability}'`, output, [[], [1], [2]]));
  if (cardMedians(model) === null) problems.push(`card.json has no list 'medians' of ${columns} numbers, one a column`);
  return problems;
}

const names = (tensors: readonly { readonly name: string }[]): string =>
  tensors.map(({ name }) => `'${name}'`).join(', ') || 'none';

/** The first dimension is the rows and must be free; `allowed` are the dimensions after it. */
function tensorProblems(
  what: string,
  tensor: InferenceSession.ValueMetadata,
  allowed: readonly (readonly number[])[],
): string[] {
  if (!tensor.isTensor) return [`${what} is no tensor; convert without zipmap`];
  const problems = tensor.type === 'float32' ? [] : [`${what} is ${tensor.type}, not float32`];
  const [rows, ...rest] = tensor.shape;
  if (typeof rows === 'number' && rows > 0)
    problems.push(`${what} takes exactly ${rows} rows; export it with a free first dimension`);
  // A dimension without a size fits any: the first run would show.
  const fits = allowed.some(
    (sizes) =>
      sizes.length === rest.length &&
      sizes.every((size, index) => typeof rest[index] !== 'number' || rest[index] === size),
  );
  if (!fits) {
    const expected = allowed.map((sizes) => `[${['rows', ...sizes].join(', ')}]`).join(' or ');
    problems.push(`${what} is [${['rows', ...rest].join(', ')}], not ${expected}`);
  }
  return problems;
}

/**
 * [n], [n, 1], or the second column of [n, 2].
 * @throws where the tensor is of another size, as one whose dimensions the file leaves open may be
 */
function copyProbabilities(tensor: Tensor, into: Float32Array, start: number, count: number): void {
  const data = tensor.data as Float32Array;
  const width = data.length / count;
  if (width !== 1 && width !== 2) {
    throw new Error(`the output is [${tensor.dims.join(', ')}], not [${count}], [${count}, 1] or [${count}, 2]`);
  }
  for (let row = 0; row < count; row++) into[start + row] = data[row * width + width - 1] as number;
}
