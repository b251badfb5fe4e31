/** How the columns of a model's matrix become the input tensors of its file. */
import type { Model } from '../definitions/definitions.js';
import { inputColumns, widthOf } from './model-inputs.js';

export interface InputTensor {
  readonly name: string;
  /** Its dimensions after the rows. */
  readonly shape: readonly number[];
  /** For each cell of a row, the column of the matrix that it holds. */
  readonly columns: readonly number[];
  /** What NaN becomes; null: it stays NaN. */
  readonly pad: number | null;
}

/** Returns the input tensors of a model: the plain one, then those of its sequences, each before its mask. */
export function inputTensors({ features, tensors }: Pick<Model, 'features' | 'tensors'>): readonly InputTensor[] {
  let offset = 0;
  const columnsOf = new Map<string, readonly number[]>();
  for (const { reference, feature } of features) {
    const from = offset;
    const width = widthOf(feature);
    columnsOf.set(
      reference,
      Array.from({ length: width }, (_, index) => from + index),
    );
    offset += width;
  }
  const { input, sequences = [] } = tensors;
  const apart = new Set(sequences.flatMap(({ channels, mask }) => (mask ? [...channels, mask.input] : channels)));
  const plain = features.filter(({ reference }) => !apart.has(reference));
  const columns = plain.flatMap(({ reference }) => columnsOf.get(reference) ?? []);
  return [
    ...(input === undefined ? [] : [{ name: input, shape: [columns.length], columns, pad: null }]),
    ...sequences.flatMap(({ name, channels, shape, order, pad, mask }) => {
      const ordered = (reference: string) => {
        const own = columnsOf.get(reference) ?? [];
        return order === 'reversed' ? [...own].reverse() : own;
      };
      const rows = channels.map(ordered);
      const steps = rows[0]?.length ?? 0;
      const sequence: InputTensor =
        shape === 'channels_steps'
          ? { name, shape: [channels.length, steps], columns: rows.flat(), pad }
          : {
              name,
              shape: [steps, channels.length],
              columns: Array.from({ length: steps }, (_, step) => rows.map((row) => row[step] ?? 0)).flat(),
              pad,
            };
      return mask ? [sequence, { name: mask.name, shape: [steps], columns: ordered(mask.input), pad: 0 }] : [sequence];
    }),
  ];
}

/** Returns the cells of `count` rows of the matrix from `start` on; of a tensor that is the matrix itself, a view of it. */
export function tensorCells(
  { columns, pad }: InputTensor,
  matrix: Float32Array,
  rows: { readonly start: number; readonly count: number; readonly width: number },
): Float32Array {
  const { start, count, width } = rows;
  // Without sequences the columns of the tensor are those of the matrix.
  if (pad === null && columns.length === width) return matrix.subarray(start * width, (start + count) * width);
  const cells = new Float32Array(count * columns.length);
  for (let row = 0; row < count; row++) {
    columns.forEach((column, cell) => {
      const value = matrix[(start + row) * width + column] as number;
      cells[row * columns.length + cell] = pad !== null && Number.isNaN(value) ? pad : value;
    });
  }
  return cells;
}

/** Says in which ways the sequences of a model do not fit its inputs; none where they do. */
export function sequenceProblems({ features, tensors }: Pick<Model, 'features' | 'tensors'>): readonly string[] {
  const { input, sequences = [] } = tensors;
  const lengthOf = (reference: string): number | string => {
    const own = features.find((each) => each.reference === reference);
    if (!own) return `${reference}, which is no input of it`;
    return own.feature.length ?? `${reference}, which is no array of a fixed length`;
  };
  const problems: string[] = [];
  for (const { name, channels, pad, mask } of sequences) {
    if (channels.length === 0) problems.push(`its tensor '${name}' has no channels`);
    if (!Number.isFinite(pad)) problems.push(`its tensor '${name}' is padded with ${pad}: give a number`);
    const lengths = new Map([...channels, ...(mask ? [mask.input] : [])].map((each) => [each, lengthOf(each)]));
    for (const length of lengths.values()) {
      if (typeof length === 'string') problems.push(`its tensor '${name}' names ${length}`);
    }
    const known = new Set([...lengths.values()].filter((length) => typeof length === 'number'));
    if (known.size > 1)
      problems.push(`the sequences of its tensor '${name}' have different lengths: ${[...known].join(', ')}`);
    const masking = features.find(({ reference }) => reference === mask?.input);
    if (masking && masking.feature.type !== 'ARRAY<BOOLEAN>')
      problems.push(
        `the mask of its tensor '${name}', ${masking.reference}, is ${masking.feature.type}, not ARRAY<BOOLEAN>`,
      );
  }
  const all = inputTensors({ features, tensors });
  const names = all.map(({ name }) => name);
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  if (twice.length > 0) problems.push(`two of its input tensors are named '${twice[0]}'`);
  const placed = new Set(all.flatMap(({ columns }) => columns)).size;
  if (input === undefined && placed < inputColumns({ features }))
    problems.push('inputs that are in no sequence have no tensor: name it in tensors.input');
  if (input !== undefined && features.length > 0 && all[0]?.columns.length === 0)
    problems.push(`all inputs are in sequences, so nothing is left for the tensor '${input}': leave it out`);
  return problems;
}
