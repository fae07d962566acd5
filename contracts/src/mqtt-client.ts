import { z } from 'zod';
import { idSchema } from './id.ts';
import { serverName } from './server.ts';

/** Who an MQTT session belongs to. */
export const mqttOwner = z.union([idSchema('thing'), idSchema('edge'), idSchema('access')]);

/** One client of the MQTT door: its session, which outlives its connection if the client asked for that. */
export const mqttClient = z.object({
  owner: mqttOwner,
  /** Null for an owner that is just being removed. */
  ownerName: z.string().nullable(),
  /** At whose door it is, connected or away; null where the platform has one server. */
  server: serverName.nullable(),
  /** An owner's own: two owners may use the same. */
  clientId: z.string(),
  connected: z.boolean(),
  /** Connected or away since then. */
  since: z.iso.datetime(),
  /** When the session of a client that is away ends; null: never, or it is connected. */
  expiresAt: z.iso.datetime().nullable(),
  /** Null while it is away. 3.1.1 also for 3.1. */
  protocol: z.enum(['3.1.1', '5']).nullable(),
  subscriptions: z.int(),
  /** Messages that wait for it. */
  queued: z.int(),
  /** Bytes of those that wait and of those in flight. */
  queuedBytes: z.int(),
  /** Sent, and not acknowledged by the client. */
  inflight: z.int(),
  /** Messages that it did not get, since its session began or the platform started. */
  dropped: z.object({
    /** The queue was full. */
    full: z.int(),
    /** QoS 0, given up for a client that was slow or away. */
    qos0: z.int(),
    expired: z.int(),
    /** Larger than the client takes. */
    tooLarge: z.int(),
  }),
});
export type MqttClient = z.infer<typeof mqttClient>;

export const mqttClientDetail = mqttClient.extend({
  /** In the order in which it subscribed; with `$share/<group>/` where it shares. */
  filters: z.array(z.object({ filter: z.string(), qos: z.int().min(0).max(2) })),
});
export type MqttClientDetail = z.infer<typeof mqttClientDetail>;
