import type { Json } from '@luban/contracts';
import { z } from 'zod';
import { parseJson } from '../../platform/json.ts';
import type { Dialect, DialectContext, KeyedValues } from '../dialect.ts';
import { publishOutcome, storeKeyedValues } from '../keyed-values.ts';

const root = '$oc/devices/';
const report = /^\$oc\/devices\/([^/+#]+)\/sys\/properties\/report$/;

const services = z.object({
  services: z
    .array(
      z.object({
        service_id: z.string().max(64),
        properties: z.record(z.string(), z.unknown()),
        event_time: z.string().optional(),
      }),
    )
    .min(1)
    .max(1000),
});

/**
 * Huawei Cloud IoTDA: property reports. A property's key is `service.property` where the model has that, and the
 * property's own name otherwise.
 */
export function createHuaweiIotda(context: DialectContext): Dialect {
  return {
    name: 'huawei-iotda',
    use: 'take',
    takes: (topic) => topic.startsWith(root),
    async publish(peer, topic, payload) {
      const { identity } = peer;
      const device = report.exec(topic)?.[1];
      if (device === undefined) return { ok: false, reason: 'not-authorized', message: `${topic} is not served here` };
      if (identity.kind !== 'thing' || (identity.login !== undefined && identity.login !== device))
        return { ok: false, reason: 'not-authorized', message: `${device} is not this device` };
      const points = context.things.keyedPointsOf(identity.tenant, identity.thing);
      const given = readReport(parseJson(payload.toString('utf8')), (key) => points.get(key) !== undefined);
      return publishOutcome(peer, await storeKeyedValues(context, identity, identity.thing, 'huawei-iotda', given));
    },
    maySubscribe: () => false,
  };
}

/** Throws ZodError for anything else than a report. */
export function readReport(payload: unknown, isProperty: (key: string) => boolean): KeyedValues[] {
  return services.parse(payload).services.map(({ service_id: service, properties, event_time: time }, i) => ({
    timeUs: time === undefined ? null : microsecondsOf(time, i),
    values: Object.fromEntries(
      Object.entries(properties).map(([name, value]): [string, Json] => {
        const long = `${service}.${name}`;
        return [isProperty(long) ? long : name, value as Json];
      }),
    ),
  }));
}

/** `20151212T121212Z`, or with milliseconds as `2015-12-12T12:12:12.123Z`. */
function microsecondsOf(time: string, i: number): number {
  const plain = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time);
  const ms = Date.parse(plain === null ? time : `${plain.slice(1, 4).join('-')}T${plain.slice(4).join(':')}Z`);
  if (!Number.isFinite(ms))
    throw new z.ZodError([
      { code: 'custom', path: ['services', i, 'event_time'], message: 'must be like 20151212T121212Z', input: time },
    ]);
  return ms * 1000;
}
