import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { notFound } from '../core/errors.js';
import type { ExportFormat, TrainingSetService } from '../core/ports.js';

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  PARQUET: 'application/vnd.apache.parquet',
  CSV: 'text/csv; charset=utf-8',
  ARROW: 'application/vnd.apache.arrow.file',
};

/** Letters that every file system and header takes. */
const safeName = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 100) || 'training-set';

export function registerDownloads(
  server: FastifyInstance,
  { trainingSets }: { readonly trainingSets: Pick<TrainingSetService, 'file'> },
): void {
  server.get<{ Params: { id: string } }>('/training-sets/:id', async ({ params }, reply) => {
    const { path, name, format } = await trainingSets.file(params.id);
    const size = await stat(path).then(
      (file) => file.size,
      () => null,
    );
    if (size === null) {
      throw notFound(
        `the file of training set '${params.id}' is not on this server`,
        'create the training set again: its manifest says how',
      );
    }
    return reply
      .type(CONTENT_TYPES[format])
      .header('content-length', size)
      .header('content-disposition', `attachment; filename="${safeName(name)}.${format.toLowerCase()}"`)
      .send(createReadStream(path));
  });
}
