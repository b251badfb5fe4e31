import type { FastifyInstance } from 'fastify';
import { formatInstant } from '../core/helpers/time.js';
import type { Caller } from '../core/ports/access.js';
import type { SpineService } from '../core/ports/spines.js';
import { identityOf } from '../graphql/context.js';
import { answerUnread, bodyOf } from './bodies.js';
import { guardedRoute } from './route-access.js';
import { UploadFormats } from './upload-formats.js';

export const UPLOAD_SPINE = guardedRoute(
  'POST',
  '/spines',
  { roles: ['admin', 'modeler'], audit: true },
  { query: ['target'] },
);

/** `POST /spines`: the body, streamed, is the spine of training sets. `?target=` names the column with the outcome. */
export async function registerSpines(
  server: FastifyInstance,
  { spines }: { readonly spines: Pick<SpineService, 'upload' | 'formats'> },
): Promise<void> {
  const formats = new UploadFormats(spines.formats, { multipart: false });
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // The body stays a stream; an unsupported type is refused below, with the reason.
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.route<{ Querystring: { target?: string } }>({
      ...UPLOAD_SPINE,
      handler: async (request, reply) => {
        try {
          const { expiresAt, ...uploaded } = await spines.upload({
            format: formats.ofRequest(request.headers),
            body: bodyOf(request),
            target: request.query.target,
            caller: identityOf(request.caller as Caller),
          });
          return { ...uploaded, expiresAt: formatInstant(expiresAt) };
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
