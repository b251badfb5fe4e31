/** ONNX files small enough to write by hand, from `features` [n, columns] to `probability`. */
import { createHash } from 'node:crypto';

const FLOAT = 1;
const INTS = 7;
const INT = 2;
const INT64 = 7;

const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const number = (field: number, value: number): Buffer => Buffer.from([...varint(field << 3), ...varint(value)]);
const bytes = (field: number, ...parts: readonly (Buffer | string)[]): Buffer => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(body.length)]), body]);
};

const node = (type: string, inputs: readonly string[], output: string, ...attributes: readonly Buffer[]): Buffer =>
  bytes(1, ...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(4, type), ...attributes);
const tensor = (field: number, name: string, ...dimensions: readonly (number | string)[]): Buffer => {
  const shape = dimensions.map((size) => bytes(1, typeof size === 'number' ? number(1, size) : bytes(2, size)));
  return bytes(field, bytes(1, name), bytes(2, bytes(1, number(1, FLOAT), bytes(2, ...shape))));
};

const initializer = (name: string, values: readonly number[]): Buffer =>
  bytes(
    5,
    number(1, values.length),
    number(2, FLOAT),
    bytes(8, name),
    bytes(9, Buffer.from(new Float32Array(values).buffer)),
  );

/** A file of these nodes, from its inputs to its output. IR 7 with operators 11: from 13 on ReduceSum takes its axes as an input. */
function modelFile(inputs: readonly Buffer[], output: Buffer, nodes: readonly Buffer[]): Buffer {
  const graph = [...nodes, bytes(2, 'tiny'), ...inputs, output];
  return Buffer.concat([number(1, 7), bytes(8, bytes(1, ''), number(2, 11)), bytes(7, ...graph)]);
}

const features = (columns: number): Buffer[] => [tensor(11, 'features', 'n', columns)];

const sum = (input: string, axis: number, output: string): Buffer =>
  node(
    'ReduceSum',
    [input],
    output,
    bytes(5, bytes(1, 'axes'), number(8, axis), number(20, INTS)),
    bytes(5, bytes(1, 'keepdims'), number(3, 0), number(20, INT)),
  );

/** Nodes of `features · weights`, named `name`. */
const weighted = (name: string): readonly Buffer[] => [
  node('Mul', ['features', 'weights'], 'weighted'),
  sum('weighted', 1, name),
];

/** The file of a model that answers sigmoid(features · weights), which is NaN where an input is. */
export const logisticOnnx = (weights: readonly number[]): Buffer =>
  modelFile(features(weights.length), tensor(12, 'probability', 'n'), [
    ...weighted('logit'),
    node('Sigmoid', ['logit'], 'probability'),
    initializer('weights', weights),
  ]);

/** The file of a model that forgets its sigmoid: it answers features · weights, whatever that is. */
export const linearOnnx = (weights: readonly number[]): Buffer =>
  modelFile(features(weights.length), tensor(12, 'probability', 'n'), [
    ...weighted('probability'),
    initializer('weights', weights),
  ]);

/** The file of a model that answers the entry of a table at the one input; its run fails where there is no such entry. */
export const lookupOnnx = (table: readonly number[]): Buffer =>
  modelFile(features(1), tensor(12, 'probability', 'n', 1), [
    node('Cast', ['features'], 'place', bytes(5, bytes(1, 'to'), number(3, INT64), number(20, INT))),
    node('Gather', ['table', 'place'], 'probability'),
    initializer('table', table),
  ]);

/**
 * The file of a model of `history` [n, steps, channels] and `mask` [n, steps]: it answers the sum over steps of mask · place · (channels · weights).
 */
export const sequenceOnnx = (weights: readonly number[], places: readonly number[]): Buffer =>
  modelFile(
    [tensor(11, 'history', 'n', places.length, weights.length), tensor(11, 'mask', 'n', places.length)],
    tensor(12, 'probability', 'n'),
    [
      node('Mul', ['history', 'weights'], 'weighted'),
      sum('weighted', 2, 'steps'),
      node('Mul', ['steps', 'mask'], 'masked'),
      node('Mul', ['masked', 'places'], 'placed'),
      sum('placed', 1, 'probability'),
      initializer('weights', weights),
      initializer('places', places),
    ],
  );

/** As a model has it of its file. */
export const onnxHashOf = (file: Uint8Array): string => createHash('sha256').update(file).digest('hex');
