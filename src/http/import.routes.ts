import multipart, { type MultipartFile, type MultipartValue } from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { unlessAborted } from '../core/async.js';
import { badInput } from '../core/errors.js';
import { type LocalDate, parseLocalDate } from '../core/helpers/time.js';
import type { SourceTables } from '../core/lending/sources.js';
import type { Completeness } from '../core/ports/completeness.js';
import type { Clock } from '../core/ports/process.js';
import type { ImportResult, SourceStore, Spooled } from '../core/ports/sources.js';
import { answerUnread, bodyOf, chunksOf } from './bodies.js';
import { guardedRoute } from './route-access.js';
import { UploadFormats } from './upload-formats.js';

export interface ImportRoutesOptions {
  readonly sources: Pick<SourceStore, 'import' | 'spool' | 'formats'>;
  readonly tables: SourceTables;
  readonly completeness: Pick<Completeness, 'check' | 'markImported'>;
  readonly now: Clock;
}

/** Marks the table as whole through a day, once all rows of the file are in. */
const COMPLETE_THROUGH = 'x-complete-through';

/** Bytes of a mapping; the guard refuses less than that. */
const MAX_MAPPING = 400_000;

export const IMPORT_TABLE = guardedRoute(
  'POST',
  '/import/:table',
  { roles: ['admin', 'ingest'], audit: true },
  {
    query: ['history'],
    headers: [COMPLETE_THROUGH],
  },
);

interface ImportRoute {
  Params: { table: string };
  Querystring: { history?: string };
}

/**
 * `POST /import/:table`: the body is streamed into the table, whatever its size, or a multipart body of a `mapping` and a `file`.
 * `?history=true` for a first load of the past; `X-Complete-Through` marks the table as whole through a day. Who may call is the server's to decide, before the body is read.
 */
export async function registerImportRoutes(
  server: FastifyInstance,
  { sources, tables, completeness, now }: ImportRoutesOptions,
): Promise<void> {
  const formats = new UploadFormats(sources.formats, { multipart: true });
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    await scope.register(multipart, {
      limits: { fileSize: Number.POSITIVE_INFINITY, fieldSize: MAX_MAPPING, parts: 10 },
    });
    // The body stays a stream; an unsupported type is refused below, with the reason.
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));

    scope.route<ImportRoute>({
      ...IMPORT_TABLE,
      handler: async (request, reply): Promise<ImportResult | FastifyReply> => {
        try {
          const table = tables.get(request.params.table).name;
          const through = throughOf(request);
          // Before the body: a file of millions of rows is not sent for a mark that would be refused.
          if (through !== null) await completeness.check(table, through);
          const common = {
            table,
            history: isHistory(request.query.history),
            clock: now,
            requestId: request.id,
            callerKey: request.caller?.keyId,
          };
          const result = request.isMultipart()
            ? await unlessAborted(
                importParts(request, { sources, formats }, ({ format, body, mapping }) =>
                  sources.import({ ...common, format, body, mapping }),
                ),
                request.bodyStalls ?? undefined,
              )
            : await sources.import({ ...common, format: formats.ofRequest(request.headers), body: bodyOf(request) });
          if (through !== null) {
            const by = request.caller?.name ?? 'unknown';
            await completeness.markImported({ table, through, by, rejected: result.rejected });
          }
          return result;
        } catch (cause) {
          // The rest of the body is let go by, so that the caller reads the answer and not a broken connection.
          request.raw.resume();
          answerUnread(reply, cause);
          return reply;
        }
      },
    });
  });
}

/** The day of the header; null without one. */
function throughOf({ headers }: FastifyRequest): LocalDate | null {
  const text = headers[COMPLETE_THROUGH];
  return text === undefined ? null : parseLocalDate(String(text), 'the header X-Complete-Through');
}

function isHistory(value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw badInput("history is neither 'true' nor 'false'", 'leave it out for what is known from now on');
}

interface MappedFile {
  readonly format: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly mapping: string;
}

/** The parts in either order: a file that comes before its mapping waits on disk. */
async function importParts(
  request: FastifyRequest,
  { sources, formats }: { readonly sources: Pick<SourceStore, 'spool'>; readonly formats: UploadFormats },
  run: (file: MappedFile) => Promise<ImportResult>,
): Promise<ImportResult> {
  let mapping: string | undefined;
  let waiting: { readonly format: string; readonly file: Spooled } | undefined;
  let result: ImportResult | undefined;
  try {
    for await (const part of request.parts()) {
      if (part.fieldname === 'mapping') mapping = await textOf(part);
      else if (part.fieldname !== 'file' || part.type !== 'file') {
        throw badInput(`the part '${part.fieldname.slice(0, 64)}' is not known`, formats.whatToSend);
      } else if (waiting || result) throw badInput('there is more than one file', 'send each file with its mapping');
      else {
        const format = formats.ofPart(part);
        const body = chunksOf(part.file, request);
        if (mapping === undefined) waiting = { format, file: await sources.spool(body) };
        else {
          result = await run({ format, body, mapping });
          part.file.resume();
        }
      }
    }
    if (mapping === undefined)
      throw badInput("the part 'mapping' is missing", 'a file that needs none is sent as the body itself');
    if (waiting) return await run({ format: waiting.format, body: waiting.file.read(), mapping });
    if (!result) throw badInput("the part 'file' is missing", formats.whatToSend);
    return result;
  } finally {
    await waiting?.file.remove();
  }
}

async function textOf(part: MultipartFile | MultipartValue): Promise<string> {
  const tooLong = () => badInput(`the mapping is longer than ${MAX_MAPPING} bytes`, 'write one SELECT over file');
  if (part.type === 'field') {
    if (part.valueTruncated) throw tooLong();
    return String(part.value);
  }
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of part.file) {
    parts.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_MAPPING) throw tooLong();
  }
  return Buffer.concat(parts).toString('utf8');
}
