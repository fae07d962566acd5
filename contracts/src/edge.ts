import { z } from 'zod';
import { collectedDevice } from './device.ts';
import { idSchema } from './id.ts';
import { seriesSchema } from './sample.ts';
import { givenName, localText } from './text.ts';

/** What the platform tells an edge to do. A higher version replaces a lower one whole. */
export const edgeConfiguration = z.object({ version: z.int().min(0), devices: z.array(collectedDevice).max(2000) });
export type EdgeConfiguration = z.infer<typeof edgeConfiguration>;

/** Why something is as it is: a stable code, the words for people, and the machine's own words where there are any. */
export const cause = z.object({ code: z.string().max(80), text: localText, detail: z.string().max(500).optional() });
export type Cause = z.infer<typeof cause>;

export const deviceStates = ['connecting', 'online', 'degraded', 'offline'] as const;
export const deviceReport = z.object({
  id: idSchema('device'),
  /** degraded: it answers, some points do not. */
  state: z.enum(deviceStates),
  sinceMs: z.int(),
  cause: cause.nullable(),
  samplesPerSecond: z.number(),
  pointsGood: z.int(),
  pointsBad: z.int(),
  lastSampleMs: z.int().nullable(),
});
export type DeviceReport = z.infer<typeof deviceReport>;

/** What an edge says of itself every two seconds. Times are ms since 1970 UTC by the edge's clock. */
export const edgeReport = z.object({
  timeMs: z.int(),
  software: z.string().max(40),
  startedMs: z.int(),
  configurationVersion: z.int(),
  /** Why the newest configuration was refused, while an older one still runs. */
  configurationCause: cause.nullable(),
  samplesPerSecond: z.number(),
  /** From a reading to its acknowledgement by the platform, for live data. */
  lagMs: z.number().nullable(),
  backlog: z.object({ samples: z.int(), bytes: z.int(), oldestMs: z.int().nullable(), limitBytes: z.int() }),
  outboxCause: cause.nullable(),
  /** Samples since the outbox was made; null from an edge that does not count them. Collected = acknowledged + the rest. */
  book: z
    .object({
      collected: z.int(),
      /** Kept and not acknowledged. */
      pending: z.int(),
      /** Refused by the platform for good, and set aside. */
      refused: z.int(),
      /** Lost by a full or damaged outbox. */
      dropped: z.int(),
      /** Losses of which nobody can know how many samples they were. */
      unknownLosses: z.int(),
    })
    .nullable()
    .default(null),
  devices: z.array(deviceReport).max(2000),
});
export type EdgeReport = z.infer<typeof edgeReport>;

/** A line of the edge's log of errors, for people. `sequence` grows by one; the platform keeps each once. */
export const edgeEvent = z.object({
  sequence: z.int(),
  timeMs: z.int(),
  severity: z.enum(['info', 'warning', 'error']),
  device: idSchema('device').nullable(),
  cause,
});
export type EdgeEvent = z.infer<typeof edgeEvent>;

export const gapCauses = [
  'device-silent',
  'point-bad',
  'outbox-full',
  'outbox-damaged',
  'platform-refused',
  'edge-stopped',
] as const;
/**
 * What was not collected, and why: one entry of the gap ledger. An open gap (`toMs` null) is reported again, with the
 * same id, when it closes.
 */
export const gap = z.object({
  id: idSchema('gap'),
  device: idSchema('device').nullable(),
  /** Null: every point of the device (or of the edge, when the device is null too). */
  series: z.array(seriesSchema).max(20_000).nullable(),
  fromMs: z.int(),
  toMs: z.int().nullable(),
  why: z.enum(gapCauses),
  /** How many samples were dropped; null when nobody can know (a silent device). */
  samplesLost: z.int().nullable(),
  cause: cause.nullable(),
});
export type Gap = z.infer<typeof gap>;

/** An edge as the API shows it. `report` is the last one heard; `connected` says whether it is live. */
export const edge = z.object({
  id: idSchema('edge'),
  name: givenName,
  createdAt: z.iso.datetime(),
  enrolled: z.boolean(),
  /** Devices that make themselves known through it become things (Sparkplug births). */
  createsThings: z.boolean(),
  connected: z.boolean(),
  /** Since when it is (not) connected. */
  sinceMs: z.int().nullable(),
  report: edgeReport.nullable(),
});
export type Edge = z.infer<typeof edge>;
export const newEdge = z.object({ name: givenName, createsThings: z.boolean().default(false) });
export const edgeChange = z.object({ name: givenName, createsThings: z.boolean() }).partial();

/** The one-time token with which an edge enrols. Shown once. */
export const enrolmentToken = z.object({ token: z.string(), expiresAt: z.iso.datetime(), command: z.string() });
export const enrolment = z.object({ token: z.string().min(20).max(200), software: z.string().max(40) });
/** What an enrolled edge keeps: its name and key at the MQTT door. */
export const edgeCredentials = z.object({ edge: idSchema('edge'), key: z.string(), mqttPort: z.int() });
export type EdgeCredentials = z.infer<typeof edgeCredentials>;

/** MQTT topics of version 1. */
export const topics = {
  /** Device or edge → platform: a batch (`batch.ts`), QoS 1. */
  batch: 'luban/v1/batch',
  /** Device → platform: JSON samples, the same form as `POST /api/v1/samples`. */
  samples: 'luban/v1/samples',
  /** Edge → platform: edgeReport, QoS 0. */
  report: 'luban/v1/edge/report',
  /** Edge → platform: edgeEvent[], QoS 1. */
  events: 'luban/v1/edge/events',
  /** Edge → platform: gap[], QoS 1. */
  gaps: 'luban/v1/edge/gaps',
  /** Platform → edge: edgeConfiguration, QoS 1, sent on subscription and at each change. */
  configuration: 'luban/v1/edge/configuration',
} as const;
