import { type ClickHouseError, parseError } from '@clickhouse/client';

/** More than the server's longest message about a failure, which it puts after the data of an answer that already began. */
const TAIL = 32 * 1024;
const MARKER = Buffer.from('__exception__');

/**
 * Passes the bytes of an answer on, but holds back a tail: an answer that began well and then failed ends with the server's message, which
 * must not be taken for data.
 */
export async function* guardedBytes(
  stream: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string | string[] | undefined>> | undefined,
): AsyncIterable<Buffer> {
  const tag = headers?.['x-clickhouse-exception-tag'];
  let tail = Buffer.alloc(0);
  for await (const chunk of stream) {
    const all = tail.length === 0 ? Buffer.from(chunk) : Buffer.concat([tail, chunk]);
    const whole = all.length - TAIL;
    if (whole > 0) yield all.subarray(0, whole);
    tail = whole > 0 ? all.subarray(whole) : all;
  }
  const failure = failureIn(tail, typeof tag === 'string' ? tag : undefined);
  if (failure) throw failure;
  if (tail.length > 0) yield tail;
}

function failureIn(tail: Buffer, tag: string | undefined): ClickHouseError | Error | null {
  const at = tag ? tail.lastIndexOf(Buffer.concat([MARKER, Buffer.from(`\r\n${tag}`)])) : -1;
  if (at >= 0) return parseError(tail.subarray(at).toString('utf8'));
  // Servers before 25.11 put only the message there.
  const end = tail.subarray(-TAIL / 2).toString('latin1');
  const plain = /Code: \d+\. DB::Exception: [\s\S]*\(version [^)]*\)\)?\s*$/.exec(end);
  return plain ? parseError(plain[0]) : null;
}
