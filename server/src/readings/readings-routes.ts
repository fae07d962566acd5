import { Readable } from 'node:stream';
import {
  idSchema,
  latestReading,
  maxBuckets,
  maxRangeRows,
  maxSeries,
  type Point,
  page,
  seriesBuckets,
  seriesList,
  seriesReadings,
  type TenantId,
  timeZone,
} from '@luban/contracts';
import { z } from 'zod';
import type { Jobs } from '../jobs/jobs.ts';
import { Refusal } from '../platform/errors.ts';
import { actorOf, type Http } from '../platform/http/http.ts';
import type { KeepFrom, Telemetry, TelemetryReads } from '../telemetry/telemetry.ts';
import type { Things } from '../things/things.ts';
import { registerAggregateRoutes } from './aggregate-routes.ts';
import { bucketWidthUs } from './bucket-width.ts';
import { registerDeletion } from './deletion.ts';
import { asked, checkSpan, plainJson, span } from './reading-questions.ts';
import { type Readings, toReading } from './readings.ts';
import { createZonedTime, csvHeader, csvLine } from './readings-csv.ts';

/** Most series in one question. */
const maxSeriesAsked = 1000;

interface ReadingRoutesOptions {
  readings: Readings;
  history: TelemetryReads;
  telemetry: Telemetry;
  things: Things;
  nowUs: () => number;
  jobs: Jobs;
  /** From when on the history of a series is kept. */
  keepFrom: (tenantNumber: number, series: number) => KeepFrom;
}

export function registerReadingRoutes(
  http: Http,
  { readings, history, telemetry, things, nowUs, keepFrom, jobs }: ReadingRoutesOptions,
): void {
  function pointsAsked(tenant: TenantId, list: string): Point[] {
    const asked = [...new Set(list.split(',').map(Number))];
    if (asked.length > maxSeriesAsked)
      throw new Refusal('readings.too-much', `At most ${maxSeriesAsked} series in one question`);
    return asked.map((series) => {
      const point = series <= maxSeries ? things.point(tenant, series) : undefined;
      if (point === undefined) throw new Refusal('points.not-found', `There is no series ${series}`);
      return point;
    });
  }
  registerAggregateRoutes(http, { history, nowUs, pointsAsked });
  registerDeletion(http, { telemetry, jobs, pointsAsked });

  http.route({
    method: 'GET',
    url: '/api/v1/readings/latest',
    serializerCompiler: plainJson,
    config: { permission: 'readings.read', readsHistory: true },
    schema: {
      summary: 'The newest reading of each point',
      tags: ['readings'],
      querystring: z.object({ series: seriesList.optional(), thing: idSchema('thing').optional() }),
      response: { 200: page(latestReading) },
    },
    handler: async (request) => {
      const { tenant, tenantNumber } = actorOf(request);
      const { series, thing } = request.query;
      if (thing === undefined && series === undefined)
        throw new Refusal('request.invalid', 'Name a thing or series', [{ pointer: '/series', message: 'is missing' }]);
      const points =
        thing === undefined
          ? pointsAsked(tenant, series ?? '')
          : things.pointsOf(tenant, (await things.thing(tenant, thing)).id);
      return { items: readings.latest(tenantNumber, points), next: null };
    },
  });
  http.route({
    method: 'GET',
    url: '/api/v1/readings/range',
    serializerCompiler: plainJson,
    config: { permission: 'readings.read', readsHistory: true },
    schema: {
      summary: 'Samples of points in [from, to), oldest first',
      tags: ['readings'],
      querystring: span.extend({
        limit: z.coerce
          .number()
          .int()
          .min(1)
          .max(maxRangeRows)
          .default(10_000)
          .meta({ description: 'For each series' }),
      }),
      response: { 200: page(seriesReadings) },
    },
    handler: async (request) => {
      const { tenant, tenantNumber } = actorOf(request);
      checkSpan(request.query);
      const points = pointsAsked(tenant, request.query.series);
      const { from, to, limit } = request.query;
      if (points.length * limit > maxRangeRows)
        throw new Refusal(
          'readings.too-much',
          `${points.length} series × ${limit} rows is more than ${maxRangeRows}: lower the limit`,
        );
      const series = points.map((point) => point.series);
      const found = await asked(history.range({ tenant: tenantNumber, series, fromUs: from, toUs: to, limit }));
      const items = points.map((point) => {
        const { samples, more } = found.get(point.series) ?? { samples: [], more: false };
        return { series: point.series, readings: samples.map(toReading), more };
      });
      return { items, next: null };
    },
  });
  http.route({
    method: 'GET',
    url: '/api/v1/readings/buckets',
    serializerCompiler: plainJson,
    config: { permission: 'readings.read', readsHistory: true },
    schema: {
      summary: 'Samples of points in [from, to), summed up in equal buckets',
      description: 'At most `count` buckets: wide ones are whole minutes or hours. `widthUs` says how wide they are.',
      tags: ['readings'],
      querystring: span.extend({ count: z.coerce.number().int().min(1).max(maxBuckets).default(500) }),
      response: { 200: page(seriesBuckets) },
    },
    handler: async (request) => {
      const { tenant, tenantNumber } = actorOf(request);
      checkSpan(request.query);
      const points = pointsAsked(tenant, request.query.series);
      const { from, to, count } = request.query;
      if (points.length * count > maxRangeRows)
        throw new Refusal(
          'readings.too-much',
          `${points.length} series × ${count} buckets is more than ${maxRangeRows}: ask for fewer`,
        );
      const series = points.map((point) => point.series);
      const kept = series.map((one) => keepFrom(tenantNumber, one));
      const widthUs = bucketWidthUs(Math.ceil((to - from) / count), from, kept);
      const found = await asked(history.buckets({ tenant: tenantNumber, series, fromUs: from, toUs: to, widthUs }));
      return {
        items: points.map((point) => ({ series: point.series, widthUs, buckets: found.get(point.series) ?? [] })),
        next: null,
      };
    },
  });
  http.route({
    method: 'GET',
    url: '/api/v1/readings/export.csv',
    config: { permission: 'readings.read', readsHistory: true },
    schema: {
      summary: 'Samples as CSV (UTF-8 with a byte order mark), one line a sample, times with their offset',
      tags: ['readings'],
      querystring: span.extend({ zone: timeZone.default('UTC') }),
    },
    handler: async (request, reply) => {
      const { tenant, tenantNumber } = actorOf(request);
      checkSpan(request.query);
      const points = pointsAsked(tenant, request.query.series);
      const names = new Map((await things.things(tenant)).map((thing) => [thing.id, thing.key]));
      const { from, to, zone } = request.query;
      const zoned = createZonedTime(zone);
      async function* lines() {
        yield `\ufeff${csvHeader}`;
        for (const point of points) {
          const thing = names.get(point.thing) ?? point.thing;
          const span = { tenant: tenantNumber, series: point.series, fromUs: from, toUs: to };
          for await (const samples of history.scan(span))
            yield samples.map((sample) => csvLine(zoned(sample.timeUs), thing, point, toReading(sample))).join('');
        }
      }
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="luban-readings.csv"')
        .serializer((payload: unknown) => payload as string)
        .send(Readable.from(lines()));
    },
  });
}
