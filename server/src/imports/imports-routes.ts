import { Readable, Transform } from 'node:stream';
import { job } from '@luban/contracts';
import { z } from 'zod';
import { Refusal } from '../platform/errors.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import type { Imports } from './imports.ts';

/** Most bytes of one file. */
const maxBytes = 2 * 2 ** 30;

export function registerImportRoutes(http: Http, imports: Imports): void {
  // Not held in memory: it goes to the disk as it comes.
  http.addContentTypeParser('text/csv', (_request, payload, done) => done(null, payload));
  http.route({
    method: 'POST',
    url: '/api/v1/imports',
    config: { permission: 'samples.write' },
    schema: {
      summary: 'Read history in from a CSV file, as a job',
      description:
        'Body: text/csv with a header: `time` (with offset, or µs since 1970), `series` or `thing` and `property`, `value`, and if you like `quality` or `reason`, as export.csv writes it. Nothing is stored when any row is wrong. The same samples twice double nothing.',
      tags: ['jobs'],
      consumes: ['text/csv'],
      querystring: z.object({ name: z.string().max(200).default('samples.csv') }),
      response: { 202: job },
    },
    handler: async (request, reply) => {
      const actor = actorOf(request);
      if (actor.kind !== 'user') throw new Refusal('permission.denied');
      if (!(request.body instanceof Readable)) throw new Refusal('request.media-type', 'Send text/csv');
      const { tenant, tenantNumber, user } = actor;
      const made = await imports.add({ tenant, tenantNumber, user }, request.query.name, limited(request.body));
      return reply.status(202).send(made);
    },
  });
}

function limited(content: Readable): Readable {
  let bytes = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes)
        done(new Refusal('request.too-large', `At most ${maxBytes / 2 ** 30} GiB in one file: split it`));
      else done(null, chunk);
    },
  });
  content.once('error', (error) => limit.destroy(error));
  return content.pipe(limit);
}
