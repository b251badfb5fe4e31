/**
 * 128 bits of text in 32 hex digits, salted: four lanes of a multiplicative hash with a finish that mixes them. Streams of `Random` start
 * from 32 bits, of which a hundred thousand identifiers would repeat some and link strangers.
 */
export function hashed(salt: number, ...parts: readonly (string | number)[]): string {
  const text = parts.join('/');
  let a = 1779033703 ^ salt;
  let b = 3144134277 ^ salt;
  let c = 1013904242 ^ salt;
  let d = 2773480762 ^ salt;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = d ^ Math.imul(c ^ code, 951274213);
    d = a ^ Math.imul(d ^ code, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  return digits(a ^ b ^ c ^ d) + digits(b ^ a) + digits(c ^ a) + digits(d ^ a);
}

const digits = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
