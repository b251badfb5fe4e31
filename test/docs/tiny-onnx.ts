/** An ONNX file small enough to write by hand: a logistic regression without a bias, `features` [n, weights] to `probability` [n]. */

const FLOAT = 1;
const INTS = 7;
const INT = 2;

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

/** The file of a model that answers sigmoid(features · weights). */
export function logisticOnnx(weights: readonly number[]): Buffer {
  const values = bytes(9, Buffer.from(new Float32Array(weights).buffer));
  const axes = bytes(5, bytes(1, 'axes'), number(8, 1), number(20, INTS));
  const flat = bytes(5, bytes(1, 'keepdims'), number(3, 0), number(20, INT));
  const graph = [
    node('Mul', ['features', 'weights'], 'weighted'),
    node('ReduceSum', ['weighted'], 'logit', axes, flat),
    node('Sigmoid', ['logit'], 'probability'),
    bytes(2, 'logistic'),
    bytes(5, number(1, weights.length), number(2, FLOAT), bytes(8, 'weights'), values),
    tensor(11, 'features', 'n', weights.length),
    tensor(12, 'probability', 'n'),
  ];
  // IR 7 with operators 11: the newest set whose ReduceSum takes its axes as an attribute is 12.
  return Buffer.concat([number(1, 7), bytes(8, bytes(1, ''), number(2, 11)), bytes(7, ...graph)]);
}
