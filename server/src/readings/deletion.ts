import { setTimeout } from 'node:timers/promises';
import { type Json, job, type Point, type TenantId } from '@luban/contracts';
import { z } from 'zod';
import type { Jobs } from '../jobs/jobs.ts';
import { Refusal } from '../platform/errors.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import { type Telemetry, TelemetryFault } from '../telemetry/telemetry.ts';
import { asked, checkSpan, span } from './reading-questions.ts';

const detail = z.object({
  series: z.array(z.int()),
  from: z.int(),
  to: z.int(),
  /** As many as there were when it was asked for. */
  samples: z.int(),
});

/** The store may come back while a deletion waits: it is asked again, about a minute long. */
const attempts = 20;
const pauseMs = 3_000;

interface DeletionOptions {
  telemetry: Telemetry;
  jobs: Jobs;
  pointsAsked: (tenant: TenantId, list: string) => Point[];
}

/** History deleted on request: asked twice, the second time with the number of samples that the first answer told. */
export function registerDeletion(http: Http, { telemetry, jobs, pointsAsked }: DeletionOptions): void {
  jobs.define('delete-readings', {
    async run(one, { tenantNumber }, control): Promise<Json> {
      const { series, from, to, samples } = detail.parse(one.detail);
      const what = { tenant: tenantNumber, series, fromUs: from, toUs: to };
      for (let attempt = 1; ; attempt++)
        try {
          await telemetry.remove(what, control.progress, control.signal);
          return { deleted: samples };
        } catch (error) {
          if (!(error instanceof TelemetryFault) || control.signal.aborted || attempt === attempts) throw error;
          await setTimeout(pauseMs, undefined, { signal: control.signal });
        }
    },
  });
  http.route({
    method: 'DELETE',
    url: '/api/v1/readings',
    config: { permission: 'readings.delete' },
    schema: {
      summary: 'Delete samples in [from, to) for good, with sums and latest values',
      description:
        'Without `samples` nothing is deleted: the answer says how many there are. With that number the deletion begins, as a job.',
      tags: ['readings'],
      querystring: span.extend({
        samples: z.coerce
          .number()
          .int()
          .min(0)
          .optional()
          .meta({ description: 'How many the caller expects to delete' }),
      }),
      response: { 200: z.object({ samples: z.int() }), 202: job },
    },
    handler: async (request, reply) => {
      const actor = actorOf(request);
      if (actor.kind !== 'user') throw new Refusal('permission.denied');
      checkSpan(request.query);
      const { from, to, samples: expected } = request.query;
      const series = pointsAsked(actor.tenant, request.query.series).map((point) => point.series);
      const samples = await asked(telemetry.count(actor.tenantNumber, series, from, to));
      if (expected === undefined) return { samples };
      if (expected !== samples)
        throw new Refusal('readings.count-changed', `There are ${samples} samples now, not ${expected}: ask again`);
      const { tenant, tenantNumber, user } = actor;
      return reply
        .status(202)
        .send(await jobs.add({ tenant, tenantNumber, user }, 'delete-readings', { series, from, to, samples }));
    },
  });
}
