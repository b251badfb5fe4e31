import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { notFound, RiskgraphError } from '../core/errors.js';
import type { ExportFormat, TrainingSetService } from '../core/ports/training-sets.js';
import { seesInFull } from '../graphql/context.js';
import { answeredInTime } from './deadlines.js';
import { guardedRoute } from './route-access.js';

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  PARQUET: 'application/vnd.apache.parquet',
  CSV: 'text/csv; charset=utf-8',
  ARROW: 'application/vnd.apache.arrow.file',
};

/** Letters that every file system and header takes. */
export const safeName = (name: string): string =>
  name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 100) || 'training-set';

/** The route of `downloadUrl`: the file of a training set. */
export const TRAINING_SET_FILE = guardedRoute('GET', '/training-sets/:id', {
  roles: ['admin', 'modeler'],
  audit: true,
});

export function registerDownloads(
  server: FastifyInstance,
  { trainingSets }: { readonly trainingSets: Pick<TrainingSetService, 'file' | 'get'> },
): void {
  server.route<{ Params: { id: string } }>({
    ...TRAINING_SET_FILE,
    handler: async (request, reply) => {
      const { params, caller } = request;
      const record = await answeredInTime(request, trainingSets.get(params.id));
      if (record && caller && !seesInFull(caller, record)) {
        throw new RiskgraphError({
          code: 'FORBIDDEN',
          message: `training set '${params.id}' holds personal values in clear, which role ${caller.role} sees masked`,
          hint: 'create the training set with this key: its copy is masked',
        });
      }
      const { path, name, format } = await answeredInTime(request, trainingSets.file(params.id));
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
    },
  });
}
