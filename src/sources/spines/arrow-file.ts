/**
 * Arrow files and streams, cut into streams of some of their record batches. Types, dictionaries and compression are the store's to read; here
 * only the frame of a message is: how long it is, whether it is a schema, a dictionary or rows, and the names of the columns.
 */
import { yieldToOthers } from '../../core/async.js';
import { badInput, RiskgraphError } from '../../core/errors.js';
import { ByteReader } from './byte-reader.js';
import { DOCUMENT_BYTES, MOST_PART_BYTES, type RowDocument, refuseMoreColumns, type TypedFile } from './documents.js';
import { FlatTable } from './flat-table.js';

/** Begins a file; a stream begins with its first message. */
const MAGIC = 'ARROW1';
const MAGIC_BYTES = 8;
const CONTINUATION = -1;
const END = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
/** Room for what pandas says of a thousand columns. */
const MOST_METADATA_BYTES = 4 * 2 ** 20;
/** More than a name may have, so that a longer one is refused. */
const NAME_BYTES = 4_096;
/** Messages of a few bytes: what other requests wait for at most. */
const MESSAGES_AT_ONCE = 1_000;

/** As the format numbers them. */
const HEADER = { SCHEMA: 1, DICTIONARY: 2, ROWS: 3 } as const;
const NULL_TYPE = 1;

interface Message {
  readonly kind: number;
  readonly header: FlatTable;
  /** With its frame and its body. */
  readonly bytes: Buffer;
}

const damaged = (): RiskgraphError =>
  badInput('the file is not Arrow', 'check the content type, and that the whole file was sent');

/** BAD_USER_INPUT where the body is neither an Arrow file nor a stream. */
export async function openArrow(body: AsyncIterable<Uint8Array>): Promise<TypedFile> {
  const reader = new ByteReader(body);
  const start = await reader.peek(MAGIC_BYTES);
  const isFile = isMagic(start.subarray(0, MAGIC.length));
  if (isFile) await reader.take(MAGIC_BYTES);
  const schema = await nextMessage(reader);
  if (schema?.kind !== HEADER.SCHEMA) throw damaged();
  const { header } = schema;
  refuseMoreColumns(readable(() => header.count(1)));
  const fields = readable(() =>
    header.tables(1).map((field) => ({ name: field.text(0, NAME_BYTES), isNull: field.uint8(2) === NULL_TYPE })),
  );
  return {
    format: 'ArrowStream',
    columns: fields.map(({ name }) => name),
    schema: Buffer.concat([schema.bytes, END]),
    limits: new Map(),
    empty: new Set(fields.filter(({ isNull }) => isNull).map(({ name }) => name)),
    documents: documents(reader, { schema: schema.bytes, isFile }),
  };
}

const isMagic = (bytes: Buffer): boolean => bytes.toString('latin1') === MAGIC;

const brokenOff = (): RiskgraphError => badInput('the Arrow file breaks off', 'send the whole file');

/** What is read from damaged bytes lies outside of them. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof RiskgraphError) throw cause;
    throw damaged();
  }
}

async function* documents(
  reader: ByteReader,
  { schema, isFile }: { readonly schema: Buffer; readonly isFile: boolean },
): AsyncIterable<RowDocument> {
  const dictionaries = new Dictionaries();
  let batches: Buffer[] = [];
  let [rows, size, messages] = [0, 0, 0];
  const document = (): RowDocument => {
    const made = { rows, bytes: Buffer.concat([schema, ...dictionaries.messages(), ...batches, END]) };
    [batches, rows, size] = [[], 0, 0];
    return made;
  };
  for (let message = await nextMessage(reader); message; message = await nextMessage(reader)) {
    if (++messages % MESSAGES_AT_ONCE === 0) await yieldToOthers();
    if (message.kind === HEADER.DICTIONARY) {
      // Rows before it were written by the dictionary as it was.
      if (batches.length > 0) yield document();
      const { header } = message;
      const [id, isDelta] = readable(() => [header.int64(0), header.uint8(2) === 1] as const);
      dictionaries.add(message.bytes, { id, isDelta });
    } else if (message.kind === HEADER.ROWS) {
      const { header } = message;
      batches.push(message.bytes);
      size += message.bytes.length;
      rows += readable(() => Number(header.int64(0)));
      if (size >= DOCUMENT_BYTES) yield document();
    }
  }
  // A file has an index behind its rows, and its name once more at the end; a stream just ends.
  if (isFile && !isMagic(await reader.drain(MAGIC.length))) throw brokenOff();
  if (batches.length > 0) yield document();
}

/** The dictionaries in force, each a message and what was added to it. All of them are in every document. */
class Dictionaries {
  private readonly byId = new Map<bigint, Buffer[]>();
  private size = 0;

  /** BAD_USER_INPUT where they are together larger than a part may be. */
  add(message: Buffer, { id, isDelta }: { readonly id: bigint; readonly isDelta: boolean }): void {
    const former = this.byId.get(id);
    if (isDelta && former) former.push(message);
    else {
      for (const { length } of former ?? []) this.size -= length;
      this.byId.set(id, [message]);
    }
    this.size += message.length;
    if (this.size <= MOST_PART_BYTES) return;
    throw badInput(
      `the dictionaries of the file are together larger than ${MOST_PART_BYTES / 2 ** 20} MiB`,
      'write columns of many different values as plain text',
    );
  }

  messages(): Buffer[] {
    return [...this.byId.values()].flat();
  }
}

/** Null at the end. */
async function nextMessage(reader: ByteReader): Promise<Message | null> {
  const frame = await reader.peek(8);
  if (frame.length < 4) return null;
  const isFramed = frame.readInt32LE(0) === CONTINUATION;
  if (isFramed && frame.length < 8) throw damaged();
  const [head, length] = isFramed ? [8, frame.readInt32LE(4)] : [4, frame.readInt32LE(0)];
  if (length === 0) return null;
  if (length < 0 || length > MOST_METADATA_BYTES) throw damaged();
  const start = await reader.peek(head + length);
  if (start.length < head + length) throw brokenOff();
  const { kind, header, body } = readable(() => {
    const message = FlatTable.root(start.subarray(head));
    return { kind: message.uint8(1), header: message.table(2), body: Number(message.int64(3)) };
  });
  if (!(body >= 0)) throw damaged();
  if (body > MOST_PART_BYTES) {
    throw badInput(
      `a record batch of the file is larger than ${MOST_PART_BYTES / 2 ** 20} MiB`,
      'write the file with fewer rows a batch: max_chunksize=100_000 of pyarrow',
    );
  }
  const bytes = await reader.take(head + length + body);
  if (bytes.length < head + length + body) throw brokenOff();
  return { kind, header, bytes };
}
