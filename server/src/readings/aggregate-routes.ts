import {
  type AggregateFunction,
  aggregateFunctions,
  type Point,
  page,
  seriesAggregates,
  standardConfiguration as standard,
  type TenantId,
} from '@luban/contracts';
import { z } from 'zod';
import { actorOf, type Http } from '../platform/http/http.ts';
import type { TelemetryReads } from '../telemetry/telemetry.ts';
import { aggregateReadings } from './aggregate-readings.ts';
import { asked, checkSpan, plainJson, span } from './reading-questions.ts';

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const functionList = z
  .string()
  .max(1000)
  .transform((text, context): AggregateFunction[] => {
    const names = [...new Set(text.split(','))];
    const wrong = names.find((name) => !(aggregateFunctions as readonly string[]).includes(name));
    if (wrong === undefined) return names as AggregateFunction[];
    context.addIssue({
      code: 'custom',
      message: `there is no function ${wrong}; known are ${aggregateFunctions.join(', ')}`,
    });
    return z.NEVER;
  });

interface AggregateRoutesOptions {
  history: TelemetryReads;
  nowUs: () => number;
  pointsAsked: (tenant: TenantId, list: string) => Point[];
}

export function registerAggregateRoutes(http: Http, { history, nowUs, pointsAsked }: AggregateRoutesOptions): void {
  http.route({
    method: 'GET',
    url: '/api/v1/readings/aggregate',
    serializerCompiler: plainJson,
    config: { permission: 'readings.read', readsHistory: true },
    schema: {
      summary: 'Aggregates by OPC UA Part 13, an interval each, with their quality',
      description: `Computed from the samples. Functions: ${aggregateFunctions.join(', ')}.`,
      tags: ['readings'],
      querystring: span.extend({
        interval: z.coerce.number().int().min(1).max(1e13).meta({ description: 'Length of an interval in ms' }),
        function: functionList.meta({ description: 'One or several, separated by commas', examples: ['timeAverage'] }),
        treatUncertainAsBad: flag.default(standard.treatUncertainAsBad),
        percentDataBad: z.coerce.number().min(0).max(100).default(standard.percentDataBad),
        percentDataGood: z.coerce.number().min(0).max(100).default(standard.percentDataGood),
        useSlopedExtrapolation: flag.default(standard.useSlopedExtrapolation),
        stepped: flag.default(standard.stepped).meta({ description: 'A value holds until the next; booleans always' }),
      }),
      response: { 200: page(seriesAggregates) },
    },
    handler: async (request, reply) => {
      const { tenant, tenantNumber } = actorOf(request);
      checkSpan(request.query);
      const { series, from, to, interval, function: functions, ...configuration } = request.query;
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const question = {
        tenantNumber,
        points: pointsAsked(tenant, series),
        fromUs: from,
        toUs: to,
        intervalUs: interval * 1000,
        functions,
        configuration,
      };
      return { items: await asked(aggregateReadings(history, question, nowUs(), gone.signal)), next: null };
    },
  });
}
